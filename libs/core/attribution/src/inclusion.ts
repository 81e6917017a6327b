import type { Seat } from '@meridian/tenderbake';
import type { BlockHash, Level, PayloadHash, Round } from '@meridian/tezos';
import type { IncludedVote } from './pass.ts';

/** Why it is not known what the chain included of a level's votes; the key is the code in lines and JSON. */
export const UNDECIDED = {
  rights_unknown: 'the rights of the level were not agreed on',
  blocks_unknown: 'the blocks after the level were not seen',
  pass_unread: 'no node gave the operations of the block after the level',
} as const;

/** One of the codes of {@link UNDECIDED}. */
export type Undecided = keyof typeof UNDECIDED;

/** What the attestations of a level are for, all that the chain took. */
export type Decision = { readonly round: Round; readonly payloadHash: PayloadHash };

/** A right, and the vote that the chain took for it; undefined when it took none. */
export type SeatInclusion = { readonly seat: Seat; readonly vote: IncludedVote | undefined };

/** What became of the own rights of a level; final. */
export type Verdict = { readonly level: Level } & (
  | {
      readonly kind: 'decided';
      /** The block at the next level, which has the votes. */
      readonly block: BlockHash;
      readonly decision: Decision;
      readonly seats: readonly SeatInclusion[];
    }
  /** Nobody's vote was taken: the block is the first one of a chain or of a protocol. */
  | { readonly kind: 'no_votes' }
  /** None of the rights of the level are own ones. */
  | { readonly kind: 'no_seats' }
  | { readonly kind: 'undecided'; readonly why: Undecided }
);

/** What is told: proven blocks in any order, own seats of a level, and the first pass of a block that was wanted. */
export type InclusionEvent =
  | { readonly kind: 'seats'; readonly level: Level; readonly seats: readonly Seat[] }
  | {
      readonly kind: 'block';
      readonly hash: BlockHash;
      readonly level: Level;
      readonly predecessor: BlockHash;
      /** The block at level L-2. */
      readonly grandparent: BlockHash;
    }
  | {
      readonly kind: 'pass';
      readonly hash: BlockHash;
      readonly attestations: readonly IncludedVote[];
    };

/** What comes of it. */
export type InclusionEffect =
  /** Send `pass` of this block, once it is proven. Asked again at later blocks as long as nothing comes. */
  | { readonly kind: 'read'; readonly hash: BlockHash; readonly level: Level }
  | { readonly kind: 'verdict'; readonly verdict: Verdict };

/** All that is known of levels without a verdict. */
export type InclusionState = {
  readonly seats: ReadonlyMap<Level, readonly Seat[]>;
  readonly parents: ReadonlyMap<BlockHash, BlockHash>;
  /** The lowest level that is not confirmed; undefined before the first block. */
  readonly next: number | undefined;
  /** Confirmed levels whose votes are being read: the block that has them, and how often it was asked for. */
  readonly open: ReadonlyMap<Level, { readonly hash: BlockHash; readonly reads: number }>;
};

export type InclusionStep = readonly [InclusionState, readonly InclusionEffect[]];

/** The block with the votes of a level is final once two more are built on it. */
const CONFIRMATIONS = 2;
/** Blocks whose predecessors are remembered: some levels with all their rounds. */
const PARENTS_MAX = 256;
/** Levels whose own seats are remembered; they are known some way ahead. */
const SEATS_MAX = 64;
/** How often a block is asked for before its level stays undecided. */
const READS_MAX = 8;

/** Nothing is known yet; levels get verdicts from that of the first block on. */
export function newInclusion(): InclusionState {
  return { seats: new Map(), parents: new Map(), next: undefined, open: new Map() };
}

/**
 * What the chain included of own votes: those of level L stand in the first pass of the block at L+1, and that is
 * final once a block at L+3 is built on it. Whatever block was replaced before that has no say.
 */
export function stepInclusion(state: InclusionState, event: InclusionEvent): InclusionStep {
  switch (event.kind) {
    case 'seats': {
      const isPast = state.next !== undefined && event.level < state.next;
      if (isPast) return [state, []];
      const seats = new Map(state.seats).set(event.level, event.seats);
      return [{ ...state, seats: newest(seats, SEATS_MAX) }, []];
    }
    case 'block':
      return hearBlock(state, event);
    case 'pass':
      return hearPass(state, event);
  }
}

type BlockEvent = Extract<InclusionEvent, { readonly kind: 'block' }>;

function hearBlock(before: InclusionState, block: BlockEvent): InclusionStep {
  const known = new Map(before.parents)
    .set(block.predecessor, block.grandparent)
    .set(block.hash, block.predecessor);
  const parents = newest(known, PARENTS_MAX);
  const verdicts: Verdict[] = [];
  const open = new Map(before.open);
  let next = before.next ?? block.level;
  for (; next + 1 + CONFIRMATIONS <= block.level; next += 1) {
    const level = next as Level;
    const seats = before.seats.get(level);
    const hash = ancestor(parents, block, level + 1);
    if (seats === undefined) verdicts.push(undecided(level, 'rights_unknown'));
    else if (seats.length === 0) verdicts.push({ kind: 'no_seats', level });
    else if (hash === undefined) verdicts.push(undecided(level, 'blocks_unknown'));
    else open.set(level, { hash, reads: 0 });
  }
  const reads: InclusionEffect[] = [];
  for (const [level, { hash: wanted, reads: before }] of open) {
    if (level + 1 + CONFIRMATIONS > block.level) continue;
    const hash = ancestor(parents, block, level + 1) ?? wanted;
    const count = hash === wanted ? before + 1 : 1;
    if (count > READS_MAX) {
      open.delete(level);
      verdicts.push(undecided(level, 'pass_unread'));
    } else {
      open.set(level, { hash, reads: count });
      reads.push({ kind: 'read', hash, level: (level + 1) as Level });
    }
  }
  const effects = verdicts.map(verdict => ({ kind: 'verdict', verdict }) as const);
  return [{ ...before, parents, next, open }, [...effects, ...reads]];
}

/** The block at a level on which another one is built; undefined when one between them was never seen. */
function ancestor(
  parents: InclusionState['parents'],
  { hash, level }: BlockEvent,
  at: number,
): BlockHash | undefined {
  let found: BlockHash | undefined = hash;
  for (let height = level as number; height > at && found !== undefined; height -= 1) {
    found = parents.get(found);
  }
  return found;
}

function hearPass(
  state: InclusionState,
  { hash, attestations }: Extract<InclusionEvent, { readonly kind: 'pass' }>,
): InclusionStep {
  const [level] = [...state.open].find(([, wanted]) => wanted.hash === hash) ?? [];
  if (level === undefined) return [state, []];
  const open = new Map(state.open);
  open.delete(level);
  const ofLevel = attestations.filter(vote => vote.level === level);
  const [first] = ofLevel;
  const seats = state.seats.get(level) ?? [];
  const verdict: Verdict =
    first === undefined
      ? { kind: 'no_votes', level }
      : {
          ...{ kind: 'decided', level, block: hash },
          decision: { round: first.round, payloadHash: first.payloadHash },
          seats: seats.map(seat => ({
            seat,
            vote: ofLevel.find(({ slot }) => slot === seat.slot),
          })),
        };
  return [{ ...state, open }, [{ kind: 'verdict', verdict }]];
}

function undecided(level: Level, why: Undecided): Verdict {
  return { kind: 'undecided', level, why };
}

/** The map without its oldest entries. */
function newest<Key, Value>(map: ReadonlyMap<Key, Value>, max: number): ReadonlyMap<Key, Value> {
  return map.size <= max ? map : new Map([...map].slice(-max));
}
