import { z } from '@meridian/service/schema';
import { level } from '@meridian/tezos';
import { NO_MAX_LEVEL } from '@meridian/watermark';
import { changeOfRows, takeOver, type Authority } from '@meridian/watermark/administration';
import { action, forEachKey } from './action.ts';
import { positionOf } from './arguments.ts';
import { changeKey, granted, openStoreOf, withJournal, type Desk } from './desk.ts';
import { AdminError } from './errors.ts';
import { assertEvidence, assertHorizonRises, EVIDENCE, horizonOf } from './evidence.ts';
import { assertEpochNear, assertNear, FAR, highestFloor } from './far.ts';
import { assertKnown } from './raise.ts';
import {
  digestOf,
  operatorsBehind,
  readStatement,
  type KeyStated,
  type Statement,
} from './statement.ts';

/** Breaks the glass. */
export const ACTIVATE = action({
  name: 'activate',
  summary:
    'break the glass: give this site the right to sign, by a statement that two operators signed',
  details: [
    'No software can see that the other site is dead: the two who sign stand for it, under their names, and for the floor.',
    'The statement names the rows of each key by their incarnation, so it is worth nothing once they were released, and',
    'it expires. A key that is refused does not keep the others of it from being activated; for that one the statement',
    'stays good until it expires.',
  ],
  args: z.strictObject({ statement: z.string(), ...FAR, evidence: EVIDENCE }),
  isAudited: true,
  run: async (desk, args) => {
    const open = openStoreOf(desk);
    const { journal } = open;
    const file = readStatement(args.statement);
    const { statement } = file;
    const names = operatorsBehind(file, desk);
    assertOurs(desk, statement);
    const { chain_id: chainId } = statement;
    const horizon = horizonOf(args.evidence);
    assertEvidence(args.evidence, chainId, desk.now());
    assertHorizonRises(journal, chainId, horizon);
    if (args.evidence.head.level > statement.expires_level)
      throw new AdminError('statement_expired', statement.expires_level.toString());
    const farthest = highestFloor(horizon, desk.now());
    // A release has to reach the end of a lease, so one that is far burns all levels as a floor does.
    const { max_level: end } = statement;
    if (end !== null) assertNear({ level: level(end) }, args, farthest, 'statement.max_level');
    const subjects = statement.keys.map((key, at) => ({
      chainId,
      pkh: key.public_key_hash,
      key,
      at,
    }));
    const outcome = await forEachKey(subjects, async ({ key, at, ...subject }) => {
      const { kinds } = key;
      const take = changeOfRows(subject, kinds, row => takeOver(row, authorityOf(statement, key)));
      const rows = await changeKey(open, subject, 'held_against_journal', before => {
        assertKnown(journal, before, kinds);
        // What is lost already, of each kind that is stated, is never too far.
        const stated = before.filter(({ kind }) => kinds.includes(kind));
        const highest = Math.max(farthest, Math.min(...stated.map(row => row.level)));
        const field = `statement.keys[${at.toString()}].floor.level`;
        assertNear(positionOf(key.floor), args, highest, field);
        assertEpochNear(statement.epoch, args, stated);
        return granted(take(before));
      });
      withJournal(() => {
        journal.learn(rows.filter(({ kind }) => kinds.includes(kind)));
        journal.setHorizon(chainId, horizon);
      });
      return rows;
    });
    // What is said of a key stands beside what became of it.
    const { keys: stated, ...shared } = statement;
    const keys = outcome.keys.map((each, at) => ({ ...each, stated: stated[at] }));
    return { keys, by: names, digest: digestOf(statement), statement: shared };
  },
});

/** @throws AdminError `other_subject` */
function assertOurs({ site, chains, keys }: Desk, statement: Statement): void {
  const held = new Set(keys());
  const foreign = statement.keys.findIndex(each => !held.has(each.public_key_hash));
  const differs = [
    ...(statement.site === site ? [] : ['site']),
    ...(chains.includes(statement.chain_id) ? [] : ['chain_id']),
    ...(foreign < 0 ? [] : [`keys[${foreign.toString()}].public_key_hash`]),
  ];
  const [first] = differs;
  if (first !== undefined) throw new AdminError('other_subject', first, `statement.${first}`);
}

function authorityOf(
  { site, epoch, max_level: maxLevel }: Statement,
  { incarnation, generation, floor }: KeyStated,
): Authority {
  return {
    by: 'break_glass',
    ...{ site, epoch, incarnation, generation },
    floor: positionOf(floor),
    maxLevel: maxLevel ?? NO_MAX_LEVEL,
  };
}
