import type { Instant } from '@meridian/prelude';
import { roundStart, type Level, type Round } from '@meridian/tezos';
import { inTurn, latest } from './state.ts';
import type { ParkedBlock, ParkedVote, ViewState, ViewStep } from './state.ts';

/*
 * What waits for an answer. Every node has places of its own and keeps them until what it brought is judged or has lost
 * its meaning: a node that brings nonsense without end fills its own places, and asks nothing more.
 */

const BLOCKS_PER_NODE_MAX = 8;
const VOTES_PER_NODE_MAX = 256;
/** Later than its own round and these after it, nothing that waited is of use. */
const ROUNDS_AFTER_MAX = 2 as Round;
/** A vote this far from the level of the head means nothing to us, nor does a block this far below it. */
export const LEVELS_AROUND = 1;
/** The next protocol may be faster than this one, and the node's clock ahead of ours. */
const LEVELS_PER_BLOCK_DELAY_MAX = 2;
const LEVELS_AHEAD_MAX = 2;
/** Levels without rights that are remembered, so that each is told once. */
const BLIND_MAX = 64;

/** Whether a block is too old to matter: the head is levels above it. */
export function isPast({ level: best }: ViewState, level: Level): boolean {
  return level < best - LEVELS_AROUND;
}

/** Whether the chain cannot have got to a level since its last good block; before the first one nobody can tell. */
export function isFarAhead(state: ViewState, at: Instant, level: Level): boolean {
  const { constants, level: best, reachedAt } = state;
  if (best === 0 || constants === undefined) return false;
  const delays = Math.max(0, at - reachedAt) / constants.durations.minimalBlockDelay;
  return level > best + LEVELS_AHEAD_MAX + LEVELS_PER_BLOCK_DELAY_MAX * Math.floor(delays);
}

/** Parks a block for those of its nodes that have a place left; the state itself where none has. */
export function park(state: ViewState, block: ParkedBlock): ViewState {
  const { hash } = block.header;
  const others = [...state.parkedBlocks.values()].filter(({ header }) => header.hash !== hash);
  const taken = (node: string) => others.filter(({ nodes }) => nodes.has(node)).length;
  const nodes = new Set([...block.nodes].filter(node => taken(node) < BLOCKS_PER_NODE_MAX));
  if (nodes.size === 0) return state;
  return { ...state, parkedBlocks: new Map(state.parkedBlocks).set(hash, { ...block, nodes }) };
}

/** Takes a block from its place. */
export function unpark(state: ViewState, { header: { hash } }: ParkedBlock): ViewState {
  const parkedBlocks = new Map(state.parkedBlocks);
  return parkedBlocks.delete(hash) ? { ...state, parkedBlocks } : state;
}

/** Parks votes of nodes that have a place left; who has none is told which were not taken. */
export function parkVotes(
  parked: readonly ParkedVote[],
  more: readonly ParkedVote[],
): { readonly parked: readonly ParkedVote[]; readonly left: readonly ParkedVote[] } {
  const taken = new Map<string, number>();
  const hasPlace = ({ node }: ParkedVote): boolean => {
    const count = (taken.get(node) ?? 0) + 1;
    taken.set(node, count);
    return count <= VOTES_PER_NODE_MAX;
  };
  const [all, left]: [ParkedVote[], ParkedVote[]] = [[], []];
  for (const vote of [...parked, ...more]) (hasPlace(vote) ? all : left).push(vote);
  return { parked: all, left };
}

/** Lets go of all that has lost its meaning. */
export function expire(state: ViewState, at: Instant): ViewState {
  const blocks = [...state.parkedBlocks].filter(([, { header, since }]) => {
    const { level, round } = header.fitness;
    const isOff = isPast(state, level) || isFarAhead(state, at, level);
    return !isOff && !isOld(state, since, round, at);
  });
  const votes = state.parkedVotes.filter(({ since, operation: { contents } }) => {
    const [vote] = contents;
    return 'slot' in vote && !isOld(state, since, vote.round, at);
  });
  return { ...state, parkedBlocks: new Map(blocks), parkedVotes: votes };
}

function isOld({ constants }: ViewState, since: Instant, round: Round, at: Instant): boolean {
  if (constants === undefined) return false;
  return at >= roundStart(constants.durations, { timestamp: since, round }, ROUNDS_AFTER_MAX);
}

/**
 * Tells once a level that the round of a block has ended while nodes did not agree on the rights. Before the first good
 * block any level can be made up, and a view that never had rights is not ready.
 */
export function tellBlind(state: ViewState, at: Instant): ViewStep {
  const { constants } = state;
  if (constants === undefined || state.level === 0) return [state, []];
  const waiting = [...state.parkedBlocks.values()].filter(({ header, lacks }) => {
    const { timestamp, fitness } = header;
    if (isFarAhead(state, at, fitness.level)) return false;
    const end = roundStart(constants.durations, { timestamp, round: fitness.round }, 0 as Round);
    return at >= end && lacks.some(({ kind }) => kind === 'rights');
  });
  return inTurn(
    state,
    ...waiting.map(({ header: { hash, fitness } }) => (now: ViewState): ViewStep => {
      const { level, round } = fitness;
      if (now.blind.has(level)) return [now, []];
      const blind = latest(new Set(now.blind).add(level), BLIND_MAX);
      const reason = 'rights_unknown' as const;
      return [{ ...now, blind }, [{ kind: 'abstain', level, round, hash, reason, seats: [] }]];
    }),
  );
}
