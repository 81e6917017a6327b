import { z } from '@meridian/service/schema';
import { horizonEnd, NO_MAX_LEVEL, type Row } from '@meridian/watermark';
import {
  latchKey,
  provision,
  releaseKey,
  type KeyOfRows,
  type Release,
} from '@meridian/watermark/administration';
import { action, forEachKey } from './action.ts';
import { CHOICE, CHOSEN, FLOOR, isChosen, positionOf, subjectsOf } from './arguments.ts';
import {
  changeKey,
  granted,
  knownOf,
  noteKnown,
  openStoreOf,
  withJournal,
  type Desk,
  type OpenStore,
} from './desk.ts';
import { AdminError } from './errors.ts';
import { assertEvidence, by, EVIDENCE, horizonOf, type Evidence } from './evidence.ts';
import { assertNear, FAR, highestFloor } from './far.ts';

/** Stops a key. */
export const LATCH = action({
  name: 'latch',
  summary: 'stop signing with a key at once, all kinds, until it is released',
  details: ['Works whatever state the rows are in; latching again changes nothing.'],
  args: z.strictObject({ ...CHOSEN, by: by.optional() }).refine(isChosen, CHOICE),
  isAudited: true,
  isUrgent: true,
  run: async (desk, args) => {
    const open = openStoreOf(desk);
    return forEachKey(subjectsOf(desk, args), async subject => {
      const rows = await changeKey(open, subject, 'as_they_are', before => {
        if (before.length === 0) throw new AdminError('not_provisioned');
        return latchKey(before);
      });
      // Only what continues the known row is taken; the witness of one that fell back stays.
      noteKnown(open.journal, rows);
      return rows;
    });
  },
});

/** Ends the latch of a key. */
export const RELEASE = action({
  name: 'release',
  summary: 'end the latch of a key: its rows stand by again, above all that can have been signed',
  details: [
    'The level is above the marks of the store and those that this signer knows, above the head that the nodes agree on,',
    'and at the end of the horizon and of any lease or above (rule 8). Rows get a new incarnation and stay in standby;',
    'those that this signer knows and the store has lost are made anew like that. A level that lies more than a day',
    'above the horizon wants --far.',
  ],
  args: z
    .strictObject({ ...CHOSEN, floor: FLOOR, ...FAR, evidence: EVIDENCE, by: by.optional() })
    .refine(isChosen, CHOICE),
  isAudited: true,
  run: async (desk, args) => {
    const open = openStoreOf(desk);
    const subjects = subjectsOf(desk, args);
    for (const { chainId } of subjects.slice(0, 1))
      assertEvidence(args.evidence, chainId, desk.now());
    const floor = positionOf(args.floor);
    return forEachKey(subjects, async subject => {
      const { least, end } = leastFloor(open, subject, args.evidence, desk.now());
      if (floor.level < least)
        throw new AdminError('floor_too_low', `level ${least.toString()} at least`, 'floor.level');
      // What has to be reached is never too far.
      const highest = highestFloor(horizonOf(args.evidence), desk.now());
      assertNear(floor, args, Math.max(highest, least));
      const known = knownOf(open.journal, subject);
      const release = { floor, horizonEnd: end, incarnation: desk.mint(), known };
      const rows = await changeKey(open, subject, 'as_they_are', before => {
        const lost = madeAnew(desk, open, subject, before, release);
        if (before.length + lost.length === 0) throw new AdminError('not_provisioned');
        return [...(before.length === 0 ? [] : granted(releaseKey(before, release))), ...lost];
      });
      withJournal(() => {
        open.journal.learn(rows);
        open.journal.setHorizon(subject.chainId, horizonOf(args.evidence));
      });
      desk.doubts.end(subject);
      return rows;
    });
  },
});

/**
 * Rows that this signer knows and the store has lost, made anew above all that they can have signed. Only an authority
 * with an epoch above every one that they were ever told of wakes them.
 */
function madeAnew(
  { site }: Desk,
  { journal }: OpenStore,
  subject: KeyOfRows,
  before: readonly Row[],
  { floor, incarnation }: Release,
): readonly Row[] {
  return knownOf(journal, subject)
    .filter(known => !before.some(({ kind }) => kind === known.kind))
    .map(known => {
      const epoch = Math.max(known.epoch, known.burntEpoch, known.handedEpoch ?? 0);
      const holder = { site, epoch, incarnation, generation: known.generation + 1 };
      const key = { ...subject, kind: known.kind };
      return granted(provision(undefined, key, holder, floor, 'doubtful'));
    });
}

/**
 * The lowest level of a floor that is above all that this signer can have signed: what it knows outlives a store that
 * forgot, and under the line of before levels may have been permitted that lie beyond the new one.
 */
function leastFloor(
  { journal }: OpenStore,
  subject: KeyOfRows,
  evidence: Evidence,
  now: Parameters<typeof horizonEnd>[1],
): { readonly least: number; readonly end: number } {
  const lines = [journal.horizon(subject.chainId), horizonOf(evidence)];
  const ends = lines.map(line => (line === undefined ? 0 : horizonEnd(line, now)));
  const end = Math.max(...ends);
  const known = knownOf(journal, subject).map(leastAbove);
  return { least: Math.max(end, evidence.head.level + 1, ...known), end };
}

function leastAbove({ level, maxLevel }: Row): number {
  return Math.max(level + 1, maxLevel === NO_MAX_LEVEL ? 0 : maxLevel);
}
