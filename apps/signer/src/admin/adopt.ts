import { z } from '@meridian/service/schema';
import { comparePositions, continuationRefusal, type Row } from '@meridian/watermark';
import { action, forEachKey } from './action.ts';
import { CHOICE, CHOSEN, count, isChosen, KINDS_ASKED, subjectsOf } from './arguments.ts';
import { changeKey, knownOf, openStoreOf, withJournal, type Desk, type OpenStore } from './desk.ts';
import { AdminError } from './errors.ts';
import { assertEvidence, assertHorizonRises, EVIDENCE, horizonOf } from './evidence.ts';
import type { Evidence } from './evidence.ts';

/** Tells a signer of rows that others made. */
export const ADOPT = action({
  name: 'adopt',
  summary: 'tell this signer of rows that its store has, under the epoch that you name',
  details: [
    'For a further signer of a site on the database of the first one, and after a release that another one made. The',
    'epoch comes from you, never from the store (rule 5). A row that fell back is not adopted: release it.',
  ],
  args: z
    // It is compared with what the rows have, however high that is.
    .strictObject({ ...CHOSEN, ...KINDS_ASKED, epoch: count, evidence: EVIDENCE.optional() })
    .refine(isChosen, CHOICE),
  isAudited: true,
  run: async (desk, args) => {
    const open = openStoreOf(desk);
    const { journal } = open;
    const subjects = subjectsOf(desk, args);
    const horizon = args.evidence && horizonOf(args.evidence);
    for (const { chainId } of subjects.slice(0, 1)) {
      if (args.evidence !== undefined) assertEvidence(args.evidence, chainId, desk.now());
      if (horizon !== undefined) assertHorizonRises(journal, chainId, horizon);
      else if (journal.horizon(chainId) === undefined) throw new AdminError('no_horizon');
    }
    return forEachKey(subjects, async subject => {
      const adopted = await changeKey(open, subject, 'as_they_are', before => {
        for (const kind of args.kinds) {
          const row = before.find(each => each.kind === kind);
          assertAdoptable(desk, open, row, args);
        }
        return before;
      });
      const rows = adopted.filter(({ kind }) => args.kinds.includes(kind));
      withJournal(() => {
        // First: where only the other one fails, nothing was learned yet, and all is done by adopting once more.
        if (horizon !== undefined) journal.setHorizon(subject.chainId, horizon);
        journal.learn(rows);
      });
      desk.doubts.trust(knownOf(journal, subject));
      return rows;
    });
  },
});

/** @throws AdminError `not_provisioned`, `other_site`, `other_epoch`, `untrusted_row` */
function assertAdoptable(
  { site }: Desk,
  { journal, isShared = false }: OpenStore,
  row: Row | undefined,
  { epoch, evidence }: { readonly epoch: number; readonly evidence?: Evidence | undefined },
): asserts row is Row {
  if (row === undefined) throw new AdminError('not_provisioned');
  if (row.site !== site) throw new AdminError('other_site', `${row.kind} is of ${row.site}`);
  if (row.epoch !== epoch) throw new AdminError('other_epoch', row.kind);
  const known = journal.known(row);
  if (known === undefined) {
    if (row.mode === 'active') assertCurrent(row, isShared, evidence);
    return;
  }
  const refusal = continuationRefusal(known, row);
  // A release went above all that was signed, or it was none.
  const isReleased = refusal?.code === 'superseded' && comparePositions(row, known) > 0;
  if (refusal !== undefined && !isReleased)
    throw new AdminError('untrusted_row', `${row.kind}: ${refusal.code}`);
}

/** A key that votes has a mark that is not far below the head; one that was put back has. */
const BEHIND_LEVELS_MAX = 100;

/**
 * An active row that this signer knows nothing of has to be current, since its epoch does not tell whether it was put
 * back (rule 8). Where nobody else uses the store, nobody can have kept it so.
 * @throws AdminError `untrusted_row`, `bad_evidence`
 */
function assertCurrent(row: Row, isShared: boolean, evidence: Evidence | undefined): void {
  if (!isShared)
    throw new AdminError(
      'untrusted_row',
      `${row.kind} is active, and this journal is new: release`,
    );
  if (evidence === undefined)
    throw new AdminError('bad_evidence', 'an active row is adopted with --node', 'evidence');
  const isBehind = row.level + BEHIND_LEVELS_MAX < evidence.head.level;
  if (row.kind === 'attestation' && isBehind)
    throw new AdminError('untrusted_row', `${row.kind} is at ${row.level.toString()}: release`);
}
