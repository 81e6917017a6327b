import { z } from '@meridian/service/schema';
import { continuationRefusal, horizonEnd, type Row } from '@meridian/watermark';
import type { KeyOfRows } from '@meridian/watermark/administration';
import { action, rowJson, type KeyOutcome } from './action.ts';
import { SUBJECT, subjectsOf } from './arguments.ts';
import { asUnavailable, knownOf, openStoreOf, type AdminJournal, type Desk } from './desk.ts';

/** What a store and its signer have of their keys. */
export const SHOW = action({
  name: 'show',
  summary: 'show the rows of the store beside what this signer knows of them',
  details: [
    'A finding says why a row of the store cannot be what this signer knew of it; unknown_row: it was never told of it.',
  ],
  args: z.strictObject(SUBJECT),
  isAudited: false,
  run: async (desk, args) => {
    const { store, journal } = openStoreOf(desk);
    const subjects = subjectsOf(desk, args);
    const keys: KeyOutcome[] = [];
    for (const subject of subjects) {
      const rows = await store.read(subject.chainId, subject.pkh).catch(asUnavailable);
      keys.push(shownKey(journal, subject, rows));
    }
    return {
      site: desk.site,
      chain_id: subjects[0]?.chainId,
      horizon: horizonJson(desk, journal, subjects),
      keys,
    };
  },
});

function shownKey(journal: AdminJournal, subject: KeyOfRows, rows: readonly Row[]): KeyOutcome {
  const known = knownOf(journal, subject);
  const strangers = rows
    .filter(row => journal.known(row) === undefined)
    .map(({ kind }) => ({ kind, code: 'unknown_row' }));
  const findings = known.flatMap(each => {
    const refusal = continuationRefusal(
      each,
      rows.find(({ kind }) => kind === each.kind),
    );
    return refusal === undefined ? [] : [{ kind: each.kind, code: refusal.code }];
  });
  return {
    public_key_hash: subject.pkh,
    rows: rows.map(rowJson),
    known: known.map(rowJson),
    findings: [...findings, ...strangers],
  };
}

function horizonJson(
  desk: Desk,
  journal: AdminJournal,
  [subject]: readonly KeyOfRows[],
): object | null {
  const horizon = subject && journal.horizon(subject.chainId);
  if (horizon === undefined) return null;
  return {
    base_level: horizon.baseLevel,
    base_time: new Date(horizon.baseTime).toISOString(),
    minimal_block_delay_seconds: horizon.minimalBlockDelay / 1_000,
    slack_levels: horizon.slackLevels,
    first_level_beyond: horizonEnd(horizon, desk.now()),
  };
}
