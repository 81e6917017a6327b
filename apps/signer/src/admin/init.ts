import { z } from '@meridian/service/schema';
import { level, round } from '@meridian/tezos';
import { NO_MAX_LEVEL, type Position, type Row } from '@meridian/watermark';
import { changeOf, provision, takeOver, type KeyOfRows } from '@meridian/watermark/administration';
import { action, forEachKey } from './action.ts';
import {
  CHOICE,
  CHOSEN,
  FLOOR,
  isChosen,
  KINDS_ASKED,
  positionOf,
  subjectsOf,
} from './arguments.ts';
import { changeKey, granted, openStoreOf, withJournal, type Desk, type OpenStore } from './desk.ts';
import { AdminError } from './errors.ts';
import {
  assertEvidence,
  assertHorizonRises,
  assertUnused,
  by,
  EVIDENCE,
  horizonOf,
} from './evidence.ts';
import { assertNear, FAR, highestFloor } from './far.ts';

/** The epoch of rows that no site was ever given the right for, and that of the first right. */
const NO_EPOCH = 0;
const FIRST_EPOCH = 1;

const ARGUMENTS = z
  .strictObject({
    ...CHOSEN,
    ...KINDS_ASKED,
    floor: FLOOR.optional(),
    ...FAR,
    evidence: EVIDENCE,
    first_use: z.boolean().default(false),
    by: by.optional(),
  })
  .refine(({ first_use, by: name }) => !first_use || name !== undefined, {
    path: ['by'],
    message: 'who asserts that the key was never used?',
  })
  // Rows that stand by may be those of all keys by default; the right to sign is never theirs because none was named.
  .refine(args => isChosen(args) || !(args.first_use || args.all), CHOICE);

type Arguments = z.output<typeof ARGUMENTS>;

/** Makes the rows of a key. */
export const INIT = action({
  name: 'init',
  summary: 'make the rows of a key, standing by above a floor, and set the horizon of the chain',
  details: [
    'The rows stand by: nothing is signed until the site is given the right (rule 10). With --first-use it takes it, if',
    'more than half of the edge nodes find no vote and no block of the key in this cycle and the one before; that is said',
    'of keys that are named, or of --all. Otherwise it is about all keys unless some are named.',
    'The floor is the level after the head that the nodes agree on, unless another one is named.',
  ],
  args: ARGUMENTS,
  isAudited: true,
  run: async (desk, args) => {
    const open = openStoreOf(desk);
    const subjects = subjectsOf(desk, args);
    const floor = floorOf(args);
    for (const { chainId } of subjects.slice(0, 1)) {
      assertEvidence(args.evidence, chainId, desk.now());
      assertHorizonRises(open.journal, chainId, horizonOf(args.evidence));
      assertNear(floor, args, highestFloor(horizonOf(args.evidence), desk.now()));
    }
    return forEachKey(subjects, async subject => {
      if (args.first_use) assertUnused(args.evidence, subject.pkh);
      const made = await provisioned(desk, open, subject, args, floor);
      withJournal(() => open.journal.setHorizon(subject.chainId, horizonOf(args.evidence)));
      return args.first_use ? firstUse(desk, open, subject, args, floor) : made;
    });
  },
});

function floorOf({ floor, evidence, first_use }: Arguments): Position {
  const { level: head } = evidence.head;
  if (floor === undefined) return { level: level(head + 1), round: round(0) };
  if (first_use && floor.level < head)
    throw new AdminError('floor_below_head', `at least ${head.toString()}`, 'floor.level');
  return positionOf(floor);
}

/** The rows of the key in standby. Those that wait for their first use already may stay, where it is what is asked for. */
async function provisioned(
  desk: Desk,
  open: OpenStore,
  subject: KeyOfRows,
  { kinds, first_use }: Arguments,
  floor: Position,
): Promise<readonly Row[]> {
  const { site } = desk;
  const holder = { site, epoch: NO_EPOCH, incarnation: desk.mint(), generation: 0 };
  const rows = await changeKey(open, subject, 'held_against_journal', before => {
    const isActive = before.some(({ mode }) => mode === 'active');
    const asked = before.filter(({ kind }) => kinds.includes(kind));
    const waits = asked.every(row => row.site === site && open.journal.known(row) !== undefined);
    if (first_use && asked.length === kinds.length && waits && !isActive) return before;
    if (asked.length > 0) throw new AdminError('already_provisioned', whose(asked));
    if (isActive) throw new AdminError('active_elsewhere', whose(before));
    const make = changeOf(subject, kinds, (row, key) => provision(row, key, holder, floor, 'new'));
    return granted(make(before));
  });
  withJournal(() => open.journal.learn(rows.filter(row => row.incarnation === holder.incarnation)));
  return rows;
}

/** The right to sign, for rows that were never used. */
async function firstUse(
  { site }: Desk,
  open: OpenStore,
  subject: KeyOfRows,
  { kinds }: Arguments,
  floor: Position,
): Promise<readonly Row[]> {
  const right = { by: 'first_use', site, epoch: FIRST_EPOCH, maxLevel: NO_MAX_LEVEL } as const;
  const rows = await changeKey(open, subject, 'held_against_journal', before => {
    const take = changeOf(subject, kinds, row => {
      if (row === undefined) throw new AdminError('not_provisioned');
      const { incarnation, generation } = row;
      return takeOver(row, { ...right, incarnation, generation, floor });
    });
    return granted(take(before));
  });
  withJournal(() => open.journal.learn(rows.filter(({ kind }) => kinds.includes(kind))));
  return rows;
}

function whose(rows: readonly Row[]): string {
  return rows.map(({ kind, mode, site }) => `${kind} is ${mode} for ${site}`).join(', ');
}
