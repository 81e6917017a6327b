import type { Instant } from '@meridian/prelude';
import { roundStart, type Level, type Round } from '@meridian/tezos';
import { inTurn, latest } from './state.ts';
import { termsOf } from './terms.ts';
import type { HeldVote, ParkedBlock, ViewState, ViewStep } from './state.ts';

/*
 * What waits for an answer. Every node has places of its own and keeps them until what it brought is judged or has lost
 * its meaning: a node that brings nonsense without end fills its own places, and asks nothing more.
 */

const BLOCKS_PER_NODE_MAX = 8;
/** Votes that a node brings of one round; a committee has some hundred seats. */
const VOTES_PER_ROUND_MAX = 1_024;
const VOTES_PER_NODE_MAX = 2_048;
/** Later than its own round and these after it, nothing that waited is of use. */
const ROUNDS_AFTER_MAX = 2 as Round;
/** How long something waits while nobody knows yet how long a round is. */
const NO_TERMS_MS_MAX = 60_000;
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
  const { level: best, reachedAt } = state;
  const terms = termsOf(state, best);
  if (best === 0 || terms === undefined) return false;
  const delays = Math.max(0, at - reachedAt) / terms.constants.durations.minimalBlockDelay;
  return level > best + LEVELS_AHEAD_MAX + LEVELS_PER_BLOCK_DELAY_MAX * Math.floor(delays);
}

/**
 * Parks a block for those of its nodes that have a place; the state itself where none has. Where all places of a node
 * are taken, a lower block of its own gives way: a view that cannot judge for a while wants the latest then.
 */
export function park(state: ViewState, block: ParkedBlock): ViewState {
  const { hash, fitness } = block.header;
  const parkedBlocks = new Map(state.parkedBlocks);
  parkedBlocks.delete(hash);
  const nodes = new Set<string>();
  for (const node of block.nodes) {
    const own = [...parkedBlocks.values()].filter(each => each.nodes.has(node));
    const lowest = own.reduce<ParkedBlock | undefined>(lower, undefined);
    if (own.length < BLOCKS_PER_NODE_MAX) nodes.add(node);
    else if (lowest !== undefined && lowest.header.fitness.level < fitness.level) {
      nodes.add(node);
      const left = new Set([...lowest.nodes].filter(each => each !== node));
      if (left.size === 0) parkedBlocks.delete(lowest.header.hash);
      else parkedBlocks.set(lowest.header.hash, { ...lowest, nodes: left });
    }
  }
  if (nodes.size === 0) return state;
  return { ...state, parkedBlocks: parkedBlocks.set(hash, { ...block, nodes }) };
}

function lower(lowest: ParkedBlock | undefined, block: ParkedBlock): ParkedBlock {
  const isLower = block.header.fitness.level < (lowest?.header.fitness.level ?? Infinity);
  return lowest === undefined || isLower ? block : lowest;
}

/** Takes a block from its place. */
export function unpark(state: ViewState, { header: { hash } }: ParkedBlock): ViewState {
  const parkedBlocks = new Map(state.parkedBlocks);
  return parkedBlocks.delete(hash) ? { ...state, parkedBlocks } : state;
}

/** Takes one place after another for votes of a node, and says whether there was one. */
export function placesOf(state: ViewState, node: string): (vote: HeldVote) => boolean {
  const taken = new Map<string, number>();
  let ofNode = 0;
  const take = ({ candidate: { level, round } }: HeldVote): boolean => {
    const place = `${level.toString()}/${round.toString()}`;
    const ofRound = taken.get(place) ?? 0;
    if (ofNode >= VOTES_PER_NODE_MAX || ofRound >= VOTES_PER_ROUND_MAX) return false;
    ofNode += 1;
    taken.set(place, ofRound + 1);
    return true;
  };
  for (const vote of state.votes.values()) if (vote.nodes[0] === node) take(vote);
  return take;
}

/** Lets go of all that has lost its meaning. */
export function expire(state: ViewState, at: Instant): ViewState {
  const blocks = [...state.parkedBlocks].filter(([, { header, since }]) => {
    const { level, round } = header.fitness;
    const isOff = isPast(state, level) || isFarAhead(state, at, level);
    return !isOff && !isOld(state, since, round, at);
  });
  const votes = [...state.votes].filter(
    ([
      ,
      {
        since,
        candidate: { level, round },
      },
    ]) => {
      return !isPast(state, level) && !isOld(state, since, round, at);
    },
  );
  return { ...state, parkedBlocks: new Map(blocks), votes: new Map(votes) };
}

function isOld(state: ViewState, since: Instant, round: Round, at: Instant): boolean {
  const terms = termsOf(state, state.level);
  if (terms === undefined) return at - since >= NO_TERMS_MS_MAX;
  return at >= roundStart(terms.constants.durations, { timestamp: since, round }, ROUNDS_AFTER_MAX);
}

/**
 * Tells once a level that the round of a block has ended while nodes did not agree on protocol, constants or rights, or
 * agreed on a protocol that nobody knows here. Before the first good block any level can be made up, and a view that
 * never had rights is not ready.
 */
export function tellBlind(state: ViewState, at: Instant): ViewStep {
  const terms = termsOf(state, state.level);
  if (terms === undefined || state.level === 0) return [state, []];
  const waiting = [...state.parkedBlocks.values()].filter(block => {
    const { timestamp, fitness } = block.header;
    if (isFarAhead(state, at, fitness.level)) return false;
    const { durations } = terms.constants;
    const end = roundStart(durations, { timestamp, round: fitness.round }, 0 as Round);
    return at >= end && blindness(block) !== undefined;
  });
  return inTurn(
    state,
    ...waiting.map(block => (now: ViewState): ViewStep => {
      const { hash, fitness } = block.header;
      const { level, round } = fitness;
      const reason = blindness(block);
      if (reason === undefined || now.blind.has(level)) return [now, []];
      const blind = latest(new Set(now.blind).add(level), BLIND_MAX);
      return [{ ...now, blind }, [{ kind: 'abstain', level, round, hash, reason, seats: [] }]];
    }),
  );
}

/** Why no right can be read of a block that waits; a block that waits for nothing is of an unknown protocol. */
function blindness({ lacks }: ParkedBlock): 'rights_unknown' | 'protocol_unknown' | undefined {
  if (lacks.length === 0) return 'protocol_unknown';
  const isBlind = lacks.some(({ kind }) => kind === 'rights' || kind === 'constants');
  return isBlind ? 'rights_unknown' : undefined;
}
