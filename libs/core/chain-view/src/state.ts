import { instant, type Instant } from '@meridian/prelude';
import type { Candidate, LevelFacts, Proposal, VoterEffect } from '@meridian/tenderbake';
import type { BlockHash, ChainId, Level, Protocol, PublicKeyHash } from '@meridian/tezos';
import type { PublicKey, Signature, Slot } from '@meridian/tezos';
import type { Count } from './agree.ts';
import type { Job } from './check.ts';
import type { Knowledge } from './judge.ts';
import type { NodeFault, RestartReason, Topic, ViewStream } from './messages.ts';
import { NOWHERE, type Place } from './place.ts';
import type { Proof } from './proof.ts';
import type { Header } from './read.ts';
import type { Terms } from './terms.ts';
import type { NamedHead, StreamWatch } from './watch.ts';

/** What a view is made for. */
export type ViewOptions = {
  readonly chainId: ChainId;
  /** The keys whose votes are wanted. */
  readonly keys: ReadonlySet<PublicKeyHash>;
  /** How many nodes have to say the same of rights and constants. */
  readonly quorum: number;
  /** Protocols that Meridian does not know, by hash, each with the known one that it equals on the operator's word. */
  readonly equals?: ReadonlyMap<string, Protocol>;
};

/** What a view found out, or wants done. */
export type ViewEffect =
  | { readonly kind: 'proposal'; readonly proposal: Proposal; readonly node: string }
  | { readonly kind: 'facts'; readonly facts: LevelFacts }
  /** Nodes agreed on the protocol of the blocks to come. */
  | { readonly kind: 'protocol'; readonly hash: string; readonly isKnown: boolean }
  /** Enough power is known to have preattested a good block: told once, with the time when the last of it had come. */
  | { readonly kind: 'prequorum'; readonly candidate: Candidate; readonly since: Instant }
  /** Check these, and send `verified` with the same batch: the next one waits for it. */
  | { readonly kind: 'verify'; readonly batch: number; readonly jobs: readonly Job[] }
  /** Ask all nodes. */
  | { readonly kind: 'read'; readonly topic: Topic }
  /** A stream is half-open: it is to be opened anew. */
  | {
      readonly kind: 'restart';
      readonly node: string;
      readonly stream: ViewStream;
      readonly why: RestartReason;
    }
  | { readonly kind: 'fault'; readonly node: string; readonly code: NodeFault }
  /** The round of a block ended, and its rights were not agreed on: said once a level. */
  | Extract<VoterEffect, { readonly kind: 'abstain' }>;

/** A block that waits for something to be read. */
export type ParkedBlock = {
  readonly header: Header;
  readonly since: Instant;
  /** Who brought it, first of all first. */
  readonly nodes: ReadonlySet<string>;
  /** The header before it, where that had to be asked for; nobody has proven it yet. */
  readonly predecessor: Header | undefined;
  /** What the header is worth by itself, once it was judged: only the proof of its locked round is missing then. */
  readonly proposal: Proposal | undefined;
  /** What each node says is in its first pass. */
  readonly proofs: ReadonlyMap<string, Proof>;
  /** What it waits for. */
  readonly lacks: readonly Topic[];
};

/** Who has to have signed a vote. */
export type Signer = {
  readonly key: PublicKey;
  readonly power: number;
  /** Since when nothing but the check of its signature is missing. */
  readonly since: Instant;
};

/** A preattestation that nobody has proven yet. */
export type HeldVote = {
  /** Its words, by which it is known again. */
  readonly name: string;
  /** Who brought it, first of all first: it has a place of that one. */
  readonly nodes: readonly string[];
  readonly since: Instant;
  readonly candidate: Candidate;
  readonly candidateName: string;
  readonly slot: Slot;
  readonly signature: Signature;
  /** Undefined while rights, a key, or its block are missing. */
  readonly signer: Signer | undefined;
};

/** The votes for one candidate that are known to be signed. */
export type Tally = {
  readonly level: Level;
  readonly slots: ReadonlySet<Slot>;
  readonly power: number;
  /** Whether it is a prequorum: no further vote is of use then. */
  readonly isReached: boolean;
};

/** The votes that are being checked, by name and job; none between two batches. */
export type Batch = { readonly id: number; readonly votes: readonly (readonly string[])[] };

/** What is known of a node. */
export type NodeHealth = {
  readonly streams: ReadonlyMap<ViewStream, StreamWatch>;
  /** The head that it named when it was asked last. */
  readonly head: NamedHead | undefined;
  /** The highest level of a block that it brought. */
  readonly level: number;
  readonly lastBlockAt: Instant | undefined;
  readonly faults: number;
};

/** All that a view knows. */
export type ViewState = Knowledge & {
  readonly options: ViewOptions;
  /** What nodes agreed on of blocks, by hash, oldest first. */
  readonly agreed: ReadonlyMap<BlockHash, Partial<Pick<Terms, 'hash' | 'constants'>>>;
  /** Good blocks, oldest first. */
  readonly told: ReadonlySet<BlockHash>;
  /** Blocks whose headers are bad, oldest first. However many there are, they push no good one out. */
  readonly refused: ReadonlySet<BlockHash>;
  readonly parkedBlocks: ReadonlyMap<BlockHash, ParkedBlock>;
  /** Votes that are not proven, by name. */
  readonly votes: ReadonlyMap<string, HeldVote>;
  /** Votes that are, by candidate. */
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly batch: Batch;
  /** The highest level of a good block, and the time of the first block that got there. */
  readonly level: number;
  readonly reachedAt: Instant;
  /** The highest place of a vote that was counted. */
  readonly voted: Place;
  /** Levels of whose missing rights was told, oldest first. */
  readonly blind: ReadonlySet<Level>;
  /** What each node said of what no node can say alone. */
  readonly counts: ReadonlyMap<string, Count>;
  /** When something was asked for last. */
  readonly asked: ReadonlyMap<string, { readonly topic: Topic; readonly at: Instant }>;
  readonly nodes: ReadonlyMap<string, NodeHealth>;
};

/** The outcome of a step. */
export type ViewStep = readonly [ViewState, readonly ViewEffect[]];

/** A view that has heard nothing yet. */
export function newView(options: ViewOptions): ViewState {
  const none = new Map<never, never>();
  return {
    options,
    chainId: options.chainId,
    terms: none,
    proto: undefined,
    migration: undefined,
    headers: none,
    rights: none,
    keys: none,
    agreed: none,
    told: new Set(),
    refused: new Set(),
    parkedBlocks: none,
    votes: none,
    tallies: none,
    batch: { id: 0, votes: [] },
    level: 0,
    reachedAt: instant(0),
    voted: NOWHERE,
    blind: new Set(),
    counts: none,
    asked: none,
    nodes: none,
  };
}

/** Runs steps one after another on what the one before left, and gathers what they want done. */
export function inTurn(
  state: ViewState,
  ...steps: readonly ((state: ViewState) => ViewStep)[]
): ViewStep {
  let now = state;
  const effects: ViewEffect[] = [];
  for (const step of steps) {
    const [next, more] = step(now);
    now = next;
    effects.push(...more);
  }
  return [now, effects];
}

/** The map without its oldest entries. */
export function newest<Key, Value>(
  map: ReadonlyMap<Key, Value>,
  max: number,
): ReadonlyMap<Key, Value> {
  return map.size <= max ? map : new Map([...map].slice(-max));
}

/** The set without its oldest elements. */
export function latest<Value>(set: ReadonlySet<Value>, max: number): ReadonlySet<Value> {
  return set.size <= max ? set : new Set([...set].slice(-max));
}

const NO_HEALTH: NodeHealth = {
  ...{ streams: new Map(), head: undefined },
  ...{ level: 0, lastBlockAt: undefined, faults: 0 },
};

/** Notes something about a node. */
export function note(
  state: ViewState,
  node: string,
  change: (health: NodeHealth) => Partial<NodeHealth>,
): ViewState {
  const health = state.nodes.get(node) ?? NO_HEALTH;
  return { ...state, nodes: new Map(state.nodes).set(node, { ...health, ...change(health) }) };
}

/** Something a node said is not believed: it is reported, scored and survived. */
export function blame(state: ViewState, node: string, code: NodeFault): ViewStep {
  const scored = note(state, node, ({ faults }) => ({ faults: faults + 1 }));
  return [scored, [{ kind: 'fault', node, code }]];
}

/** Asks all nodes, unless they were asked a moment ago. */
export function ask(state: ViewState, at: Instant, topics: readonly Topic[]): ViewStep {
  const asked = new Map(state.asked);
  const effects: ViewEffect[] = [];
  for (const topic of topics) {
    const name = nameOf(topic);
    const before = asked.get(name);
    if (before !== undefined && at - before.at < ASK_AGAIN_MS) continue;
    asked.delete(name);
    asked.set(name, { topic, at });
    effects.push({ kind: 'read', topic });
  }
  return [{ ...state, asked: newest(asked, ASKED_MAX) }, effects];
}

/** How long an answer is waited for before the question is put again. */
const ASK_AGAIN_MS = 1_000;
/** Questions that are remembered; a committee has some hundred keys. */
const ASKED_MAX = 4_096;

/** One name for one topic. */
export function nameOf(topic: Topic): string {
  switch (topic.kind) {
    case 'chain':
      return topic.kind;
    case 'rights':
      return `rights/${topic.level.toString()}/${topic.hash ?? 'head'}`;
    case 'protocols':
    case 'constants':
    case 'header':
    case 'operations':
      return `${topic.kind}/${topic.hash}`;
    case 'key':
      return `key/${topic.consensusKey}`;
  }
}

/** A question that needs no further answer. */
export function answered(state: ViewState, topic: Topic): ViewState {
  const asked = new Map(state.asked);
  asked.delete(nameOf(topic));
  return { ...state, asked };
}

/** How far ahead rights are agreed on: so many levels are voted on with fewer nodes left than have to agree. */
const RIGHTS_AHEAD_LEVELS = 16;

/** The rights that are wanted while a level is voted on: its own, and those of the levels after it. */
export function wantedRights(state: ViewState, level: number): readonly Topic[] {
  return Array.from({ length: RIGHTS_AHEAD_LEVELS + 1 }, (_, ahead) => level + ahead)
    .filter(each => !state.rights.has(each as Level))
    .map(each => rightsTopic(state, each as Level));
}

/** Where the rights of a level are asked for: at the head, or at the block with which its protocol begins. */
export function rightsTopic(
  { migration }: Pick<Knowledge, 'migration'>,
  level: Level,
): Extract<Topic, { readonly kind: 'rights' }> {
  const isAfter = migration !== undefined && level > migration.level;
  return { kind: 'rights', level, ...(isAfter ? { hash: migration.hash } : {}) };
}
