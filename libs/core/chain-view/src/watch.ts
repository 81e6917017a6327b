import type { Instant } from '@meridian/prelude';
import type { BlockHash, RoundDurations } from '@meridian/tezos';
import type { RestartReason, StreamState, ViewStream } from './messages.ts';
import { highest, isAfter, NOWHERE, type Place } from './place.ts';
import { isObject, readHeader } from './read.ts';
import { ask, inTurn, note, type ViewState, type ViewStep } from './state.ts';
import { termsOf } from './terms.ts';

/*
 * A node sends no sign of life, so a stream is alive by its news alone: something proven, of a later level or round
 * than all that it brought before. What is repeated is no news, nor is what nobody can prove; so in a pause, when no
 * round brings a block, nobody has news, and whoever spoke last makes no other one look silent.
 */

/** What is known of one stream of one node. It outlives the connection: what was brought once is no news again. */
export type StreamWatch = {
  readonly state: StreamState;
  /** The last news, or whatever happened to it later: it was opened, ended, or given up. */
  readonly since: Instant;
  /** The highest place of which it brought something proven. */
  readonly place: Place;
  /** What it brought last, as long as that is not proven; a block by its hash, votes by their place alone. */
  readonly claim: Claim | undefined;
  /** Since when streams of this name of other nodes have brought more. */
  readonly behindSince: Instant | undefined;
  /** When nodes were asked for their heads because of it. */
  readonly askedAt: Instant | undefined;
  /** Restarts since its last news. */
  readonly vain: number;
};

type Claim = { readonly hash: BlockHash | undefined; readonly place: Place };

/** In block times: how long a stream has no news while others have, before it is given up. */
const SILENT_BLOCKS = 1.25;
/** In block times: how far apart the same news may come from different nodes. */
const APART_BLOCKS = 0.25;
/** In block times: how long a node may take to say what its head is. */
const ANSWER_BLOCKS = 0.5;
/** How much longer all of this gets for a stream whose restarts are in vain. */
const PATIENCE_MAX = 8;

/** A stream has opened, ended, or is being opened. */
export function turn(
  state: ViewState,
  at: Instant,
  node: string,
  stream: ViewStream,
  to: StreamState,
): ViewState {
  return change(state, node, stream, at, () => ({ state: to, ...anew(at) }));
}

/** Notes what a stream brought; whether it was news is known once it is proven. */
export function claim(
  state: ViewState,
  at: Instant,
  node: string,
  stream: ViewStream,
  made: Claim,
): ViewState {
  return change(state, node, stream, at, ({ place }) =>
    isAfter(made.place, place) ? { claim: made } : {},
  );
}

/** Notes the latest place of the votes that a node sends, of those up to which anybody is known to have voted. */
export function claimVotes(
  state: ViewState,
  at: Instant,
  node: string,
  items: readonly unknown[],
): ViewState {
  const places = items.flatMap(placeOfVote);
  const proven = places.filter(place => !isAfter(place, state.voted));
  const place = highest(proven.length > 0 ? proven : places);
  return claim(state, at, node, 'operations', { hash: undefined, place });
}

function placeOfVote(item: unknown): readonly Place[] {
  if (!isObject(item) || !Array.isArray(item['contents'])) return [];
  const [content] = item['contents'] as unknown[];
  if (!isObject(content)) return [];
  const { level, round } = content;
  return typeof level === 'number' && typeof round === 'number' ? [{ level, round }] : [];
}

/** The claims of streams that have been proven meanwhile are their news. */
export function credit(state: ViewState, at: Instant): ViewState {
  const isProven = ({ hash, place }: Claim): boolean =>
    hash === undefined ? !isAfter(place, state.voted) : state.told.has(hash);
  let next = state;
  for (const [node, { streams }] of state.nodes) {
    for (const [stream, { claim: made }] of streams) {
      if (made === undefined || !isProven(made)) continue;
      const news = { place: made.place, claim: undefined, ...anew(at), behindSince: at, vain: 0 };
      next = change(next, node, stream, at, () => news);
    }
  }
  return next === state ? state : compare(state, next, at);
}

/** What is owed by a stream is counted from here on: what came before it was opened it cannot bring any more. */
function anew(at: Instant) {
  return { since: at, behindSince: undefined, askedAt: undefined };
}

/** Which streams have brought less than others of their name, and since when; only news makes others look behind. */
function compare(before: ViewState, state: ViewState, at: Instant): ViewState {
  let next = state;
  for (const [node, { streams }] of state.nodes) {
    for (const [stream, { place, behindSince }] of streams) {
      const best = furthest(state, stream);
      const isNews = isAfter(best, furthest(before, stream));
      const since = isAfter(best, place) ? (behindSince ?? (isNews ? at : undefined)) : undefined;
      if (since !== behindSince)
        next = change(next, node, stream, at, () => ({ behindSince: since }));
    }
  }
  return next;
}

function furthest({ nodes }: ViewState, stream: ViewStream): Place {
  return highest([...nodes.values()].map(({ streams }) => streams.get(stream)?.place ?? NOWHERE));
}

/** A head that a node named when it was asked, which may be of no protocol that is known here. */
export type NamedHead = {
  readonly at: Instant;
  readonly place: Place;
  /** When its round began. */
  readonly timestamp: Instant;
};

/** Notes the head that a node told of when it was asked; it counts for this node's own streams alone. */
export function noteHead(state: ViewState, at: Instant, node: string, value: unknown): ViewState {
  const header = readHeader(value);
  const { fitness: place = NOWHERE, timestamp = at } = header.ok ? header.value : {};
  return note(state, node, () => ({ head: { at, place, timestamp } }));
}

/**
 * Gives up streams that are half-open: they have no news while other nodes' streams have, or their node knows of a head
 * that they did not bring, or does not even say. octez-baker gives up whatever is silent for longer than the next round
 * lasts (protocol.md 5.5); here that is only when nodes are asked, since in a pause every stream is silent for as long.
 */
export function watch(state: ViewState, at: Instant): ViewStep {
  const terms = termsOf(state, state.level);
  if (terms === undefined) return [state, []];
  const { durations } = terms.constants;
  const steps = [...state.nodes].flatMap(([node, { streams }]) =>
    [...streams].map(
      ([stream]) =>
        (now: ViewState): ViewStep =>
          watchOne(now, at, durations, node, stream),
    ),
  );
  return inTurn(credit(state, at), ...steps);
}

function watchOne(
  state: ViewState,
  at: Instant,
  durations: RoundDurations,
  node: string,
  stream: ViewStream,
): ViewStep {
  const health = state.nodes.get(node);
  const watched = health?.streams.get(stream);
  if (watched === undefined || !WATCHED.includes(watched.state)) return [state, []];
  const { since, place, behindSince, askedAt, vain } = watched;
  const blocks = (count: number): number => count * durations.minimalBlockDelay;
  const patience = Math.min(PATIENCE_MAX, 2 ** vain);
  const restart = (why: RestartReason): ViewStep => [
    change(state, node, stream, at, () => ({ ...anew(at), vain: vain + 1 })),
    [{ kind: 'restart', node, stream, why }],
  ];
  const othersAhead = behindSince !== undefined && at - behindSince >= blocks(APART_BLOCKS);
  if (othersAhead && at - since >= patience * blocks(SILENT_BLOCKS)) return restart('others_ahead');

  const head = health?.head;
  const isAnswered = askedAt !== undefined && head !== undefined && head.at >= askedAt;
  if (askedAt !== undefined && !isAnswered) {
    return at - askedAt >= blocks(ANSWER_BLOCKS) ? restart('unanswered') : [state, []];
  }
  // What was there before the stream was open it does not bring, and what the node has just heard of is on its way.
  const brought = watched.claim?.place ?? place;
  const isOwed = isAnswered && isAfter(head.place, brought) && head.timestamp > since;
  const isAhead = isOwed && at - head.at >= blocks(APART_BLOCKS);
  if (isAhead) return restart('node_ahead');
  const silent = blocks(1) + (place.round + 1) * durations.delayIncrementPerRound;
  return at - (askedAt ?? since) >= patience * silent
    ? askHeads(state, at, node, stream)
    : [state, []];
}

const WATCHED: readonly StreamState[] = ['opening', 'open'];

function askHeads(state: ViewState, at: Instant, node: string, stream: ViewStream): ViewStep {
  return inTurn(
    state,
    now => ask(now, at, [{ kind: 'chain' }]),
    // Where it was asked a moment ago, the answer to that will do.
    now => [
      change(now, node, stream, at, () => ({ askedAt: now.asked.get('chain')?.at ?? at })),
      [],
    ],
  );
}

function change(
  state: ViewState,
  node: string,
  stream: ViewStream,
  at: Instant,
  to: (watched: StreamWatch) => Partial<StreamWatch>,
): ViewState {
  const unknown: StreamWatch = {
    ...{ state: 'open', since: at, place: NOWHERE, vain: 0 },
    ...{ claim: undefined, behindSince: undefined, askedAt: undefined },
  };
  return note(state, node, ({ streams }) => {
    const watched = streams.get(stream) ?? unknown;
    return { streams: new Map(streams).set(stream, { ...watched, ...to(watched) }) };
  });
}
