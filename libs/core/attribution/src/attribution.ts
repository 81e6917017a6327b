import type { Instant } from '@meridian/prelude';
import type { Ballot, Proposal, Seat } from '@meridian/tenderbake';
import type { BlockHash, Level, PublicKeyHash, Round, Slot } from '@meridian/tezos';
import { newInclusion, stepInclusion } from './inclusion.ts';
import type { InclusionEvent, InclusionState, Undecided, Verdict } from './inclusion.ts';
import { isOpen, isOwn, missOf, type Miss } from './miss.ts';
import { EMPTY_PAGE, noteEffect, noteVotes } from './page.ts';
import type { BearingEffect, NodeReceipt, NotedVote, Page, SignerAnswer } from './page.ts';
import type { IncludedVote } from './pass.ts';

/** What became of an own right; final. */
export type Right = {
  readonly level: Level;
  readonly delegate: PublicKeyHash;
  readonly slot: Slot;
} & (
  | {
      readonly outcome: 'attested';
      /** The round of the block that the chain attests. */
      readonly round: Round;
      /** `shared`: the chain has a vote that another endorser brought, or was permitted first. */
      readonly by: 'own' | 'shared';
    }
  | ({ readonly outcome: 'missed'; readonly round: Round } & Miss)
  /** It is not known what the chain included. */
  | { readonly outcome: 'undecided'; readonly why: Undecided }
);

/** What is told. All but `line` is about the vote of a ballot that the line wanted. */
export type AttributionEvent =
  | { readonly kind: 'line'; readonly at: Instant; readonly effect: BearingEffect }
  | { readonly kind: 'answered'; readonly ballot: Ballot; readonly answer: SignerAnswer }
  /** The vote was written to a first node. */
  | { readonly kind: 'handed'; readonly ballot: Ballot; readonly at: Instant }
  /** All nodes have spoken their last word on it. */
  | {
      readonly kind: 'receipts';
      readonly ballot: Ballot;
      readonly receipts: readonly NodeReceipt[];
    }
  /** The attestations in a block that was to be read. */
  | {
      readonly kind: 'pass';
      readonly hash: BlockHash;
      readonly attestations: readonly IncludedVote[];
    };

/** What comes of it. */
export type AttributionEffect =
  /** Send `pass` of this block, once it is proven. */
  | { readonly kind: 'read'; readonly hash: BlockHash; readonly level: Level }
  | { readonly kind: 'right'; readonly right: Right };

type Decided = Extract<Verdict, { readonly kind: 'decided' }>;

/** All that is known of levels whose rights have no outcome. */
export type AttributionState = {
  readonly quorum: number;
  readonly startedAt: Instant;
  readonly inclusion: InclusionState;
  readonly pages: ReadonlyMap<Level, Page>;
  /** Own rights by level. */
  readonly seats: ReadonlyMap<Level, readonly Seat[]>;
  /** When blocks are dated. */
  readonly times: ReadonlyMap<BlockHash, Instant>;
  /** The level of the first block that was seen. */
  readonly first: Level | undefined;
  readonly latest: number;
  /** Levels that are decided while nodes have not said their last word on a vote of them. */
  readonly held: readonly Decided[];
};

export type AttributionStep = readonly [AttributionState, readonly AttributionEffect[]];

/** Levels that are remembered: those without a verdict are the last few, and rights are known some way ahead. */
const LEVELS_MAX = 64;
/** Blocks whose times are remembered: some levels with all their rounds. */
const TIMES_MAX = 256;
/** How many levels the last word of a node is waited for beyond the verdict. */
const HELD_LEVELS_MAX = 8;

/**
 * Nothing is known yet; rights get outcomes from the level of the first block on.
 * @param quorum how many nodes have to take a vote, so that its proposer can be expected to have it
 * @param startedAt since when nodes are listened to
 */
export function newAttribution(quorum: number, startedAt: Instant): AttributionState {
  const none = new Map<never, never>();
  return {
    ...{ quorum, startedAt, inclusion: newInclusion(), pages: none, seats: none, times: none },
    ...{ first: undefined, latest: 0, held: [] },
  };
}

/**
 * Follows every own right from its block to its outcome: attested, or missed for one reason of `MISS_REASONS`. Decided
 * once two blocks are built on the one that should have the vote, and nodes have said their last word on it.
 */
export function stepAttribution(state: AttributionState, event: AttributionEvent): AttributionStep {
  switch (event.kind) {
    case 'line':
      return hearLine(state, event.at, event.effect);
    case 'answered':
      return settle(noted(state, event.ballot, { answer: event.answer }));
    case 'handed':
      return settle(noted(state, event.ballot, { handedAt: event.at }));
    case 'receipts':
      return settle(noted(state, event.ballot, { receipts: event.receipts }));
    case 'pass': {
      const { hash, attestations } = event;
      return include(state, { kind: 'pass', hash, attestations });
    }
  }
}

function noted(state: AttributionState, ballot: Ballot, news: Partial<NotedVote>) {
  return turn(state, ballot.level, page => noteVotes(page, [ballot], news));
}

function hearLine(state: AttributionState, at: Instant, effect: BearingEffect): AttributionStep {
  switch (effect.kind) {
    case 'facts': {
      const { level, own } = effect.facts;
      const seats = newest(new Map(state.seats).set(level, own), LEVELS_MAX);
      return include({ ...state, seats }, { kind: 'seats', level, seats: own });
    }
    case 'proposal': {
      const seen = turn(state, effect.proposal.level, page => noteEffect(page, at, effect));
      return hearBlock(seen, effect.proposal);
    }
    case 'abstain':
      return [turn(state, effect.level, page => noteEffect(page, at, effect)), []];
    case 'inject':
      return [turn(state, effect.ballot.level, page => noteEffect(page, at, effect)), []];
    case 'sign': {
      const [first] = effect.ballots;
      if (first === undefined) return [state, []];
      return [turn(state, first.level, page => noteEffect(page, at, effect)), []];
    }
  }
}

function hearBlock(state: AttributionState, proposal: Proposal): AttributionStep {
  const { hash, level, timestamp, predecessor: before } = proposal;
  const times = new Map(state.times).set(before.hash, before.timestamp).set(hash, timestamp);
  const seen = {
    ...state,
    times: newest(times, TIMES_MAX),
    first: state.first ?? level,
    latest: Math.max(state.latest, level),
  };
  const [predecessor, grandparent] = [before.hash, before.predecessor];
  return include(seen, { kind: 'block', hash, level, predecessor, grandparent });
}

function include(state: AttributionState, event: InclusionEvent): AttributionStep {
  const [inclusion, effects] = stepInclusion(state.inclusion, event);
  const told: AttributionEffect[] = [];
  const held = [...state.held];
  for (const effect of effects) {
    if (effect.kind === 'read') told.push(effect);
    else if (effect.verdict.kind === 'decided') held.push(effect.verdict);
    else if (effect.verdict.kind === 'undecided') {
      const { level, why } = effect.verdict;
      for (const { delegate, slot } of state.seats.get(level) ?? []) {
        told.push({ kind: 'right', right: { level, delegate, slot, outcome: 'undecided', why } });
      }
    }
  }
  const [settled, rights] = settle({ ...state, inclusion, held });
  return [settled, [...told, ...rights]];
}

/** Gives outcomes to the rights of decided levels, but to those on which nodes may yet say something. */
function settle(state: AttributionState): AttributionStep {
  const { held, latest } = state;
  const isDue = ({ level, decision, seats }: Decided): boolean => {
    if (latest > level + 3 + HELD_LEVELS_MAX) return true;
    const page = pageOf(state, level);
    return seats.every(
      ({ seat, vote }) => vote !== undefined || !isOpen(seat.slot, page, decision),
    );
  };
  const due = held.filter(isDue);
  if (due.length === 0) return [state, []];
  const rest = held.filter(each => !due.includes(each));
  const rights = due.flatMap(verdict => rightsOf(state, verdict));
  return [{ ...state, held: rest }, rights.map(right => ({ kind: 'right', right }))];
}

function rightsOf(state: AttributionState, verdict: Decided): readonly Right[] {
  const { level, decision, block } = verdict;
  const page = pageOf(state, level);
  const { quorum, times } = state;
  const startedAt = state.first === level ? state.startedAt : undefined;
  const frame = { decision, due: times.get(block), quorum, startedAt };
  return verdict.seats.map(({ seat: { delegate, slot }, vote }): Right => {
    const place = { level, delegate, slot, round: decision.round };
    if (vote === undefined) return { ...place, outcome: 'missed', ...missOf(slot, page, frame) };
    return { ...place, outcome: 'attested', by: isOwn(slot, page, decision) ? 'own' : 'shared' };
  });
}

function pageOf({ pages }: AttributionState, level: Level): Page {
  return pages.get(level) ?? EMPTY_PAGE;
}

function turn(
  state: AttributionState,
  level: Level,
  change: (page: Page) => Page,
): AttributionState {
  const pages = new Map(state.pages).set(level, change(pageOf(state, level)));
  return { ...state, pages: newest(pages, LEVELS_MAX) };
}

/** The map without its oldest entries. */
function newest<Key, Value>(map: ReadonlyMap<Key, Value>, max: number): ReadonlyMap<Key, Value> {
  return map.size <= max ? map : new Map([...map].slice(-max));
}
