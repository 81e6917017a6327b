import type { Instant } from '@meridian/prelude';
import type { BlockHash, PublicKey } from '@meridian/tezos';
import { publicKey, publicKeyHashOf } from '@meridian/tezos/crypto';
import { canonical, NOBODY, say, settled } from './agree.ts';
import { learnHeader, retryBlocks, withProof } from './blocks.ts';
import { keyTopic, type Verifier } from './judge.ts';
import type { Topic } from './messages.ts';
import { countAnew } from './proving.ts';
import { isObject, tried } from './read.ts';
import { factsOf, readConstants, readRights, type Constants, type Rights } from './rights.ts';
import { agreedAt, termsOf } from './terms.ts';
import {
  answered,
  ask,
  blame,
  inTurn,
  nameOf,
  newest,
  rightsTopic,
  type ViewState,
  type ViewStep,
} from './state.ts';
import { retryVotes } from './votes.ts';

/** Levels whose rights are remembered. */
const RIGHTS_MAX = 64;
const KEYS_MAX = 4_096;
/** Questions on which nodes are counted at the same time. */
const COUNTS_MAX = 64;

type Answer = {
  readonly at: Instant;
  readonly node: string;
  readonly topic: Topic;
  readonly value: unknown;
};

/** A node has answered: what needed the answer goes on. */
export function learn(state: ViewState, verifier: Verifier, answer: Answer): ViewStep {
  const { at } = answer;
  const [next, effects] = note(state, answer);
  const learnt =
    next.headers !== state.headers ||
    next.rights !== state.rights ||
    next.keys !== state.keys ||
    next.agreed !== state.agreed ||
    next.parkedBlocks !== state.parkedBlocks;
  if (!learnt) return [next, effects];
  const [done, more] = inTurn(
    next,
    now => retryBlocks(now, verifier, at),
    now => retryVotes(now, at),
  );
  return [done, [...effects, ...more]];
}

function note(state: ViewState, answer: Answer): ViewStep {
  const { topic, node, value } = answer;
  switch (topic.kind) {
    case 'header':
      return learnHeader(state, node, topic.hash, value);
    case 'key':
      return learnKey(state, node, topic, value);
    case 'operations':
      return [learnOperations(state, node, topic, value), []];
    case 'chain':
      return checkChain(state, node, value);
    case 'protocols':
    case 'constants':
    case 'rights':
      return count(state, { ...answer, topic });
  }
}

/** A public key proves itself by its hash. */
function learnKey(
  state: ViewState,
  node: string,
  topic: Extract<Topic, { kind: 'key' }>,
  value: unknown,
): ViewStep {
  if (state.keys.has(topic.consensusKey)) return [state, []];
  const { active, pendings } = isObject(value) ? value : {};
  const offered = [active, ...(Array.isArray(pendings) ? (pendings as unknown[]) : [])].filter(
    isObject,
  );
  const keys = offered.map(({ pk }) => tried(() => publicKey(pk)));
  const fits = (key: PublicKey | undefined): key is PublicKey =>
    key !== undefined && publicKeyHashOf(key) === topic.consensusKey;
  const key = keys.find(fits);
  if (key === undefined) return blame(state, node, 'wrong_key');
  const known = newest(new Map(state.keys).set(topic.consensusKey, key), KEYS_MAX);
  return [answered({ ...state, keys: known }, topic), []];
}

/** The first pass of a block needs no agreement: each vote in it is checked by its signature. */
function learnOperations(
  state: ViewState,
  node: string,
  { hash }: Extract<Topic, { kind: 'operations' }>,
  value: unknown,
): ViewState {
  const block = state.parkedBlocks.get(hash);
  const richer = block && withProof(block, node, [value]);
  if (richer === undefined || richer === block) return state;
  return { ...state, parkedBlocks: new Map(state.parkedBlocks).set(hash, richer) };
}

/** Every block is signed for its chain, so that no agreement on it is needed; who follows another one is named. */
function checkChain(state: ViewState, node: string, value: unknown): ViewStep {
  const chain = isObject(value) ? value['chain_id'] : undefined;
  return chain === state.options.chainId ? [state, []] : blame(state, node, 'other_chain');
}

/** What is believed once enough nodes say the same. */
type CountedTopic = Extract<Topic, { readonly kind: 'protocols' | 'constants' | 'rights' }>;

/** What no node can say alone. */
function count(state: ViewState, answer: Answer & { readonly topic: CountedTopic }): ViewStep {
  const { at, node, topic, value } = answer;
  // What was asked at the head before the protocol changed is no answer any more.
  if (topic.kind === 'rights' && topic.hash === undefined) {
    const { hash } = rightsTopic(state, topic.level);
    if (hash !== undefined) return [state, []];
  }
  const name = nameOf(topic);
  const read = readCounted(topic, value);
  if (read === undefined) return blame(state, node, 'unreadable');
  const said = canonical(read);
  const before = state.counts.get(name) ?? NOBODY;
  const after = say(before, node, said);
  const next = { ...state, counts: newest(new Map(state.counts).set(name, after), COUNTS_MAX) };
  const { quorum } = state.options;
  const agreed = settled(after, quorum);
  if (agreed === undefined) return [next, []];
  const isNew = agreed !== settled(before, quorum);
  const speakers = isNew ? after : new Map([[node, said]]);
  const outvoted = [...speakers].filter(([, each]) => each !== agreed);
  return inTurn(
    isNew ? answered(next, topic) : next,
    now => (isNew ? believe(now, at, read) : [now, []]),
    ...outvoted.map(
      ([liar]) =>
        (now: ViewState) =>
          blame(now, liar, 'outvoted'),
    ),
  );
}

/** What a node said of a block or a level. */
type Read =
  | { readonly kind: 'protocols'; readonly at: BlockHash; readonly hash: string }
  | { readonly kind: 'constants'; readonly at: BlockHash; readonly constants: Constants }
  | { readonly kind: 'rights'; readonly rights: Rights };

function readCounted(topic: CountedTopic, value: unknown): Read | undefined {
  switch (topic.kind) {
    case 'protocols': {
      const hash = isObject(value) ? value['next_protocol'] : undefined;
      return typeof hash === 'string' ? { kind: topic.kind, at: topic.hash, hash } : undefined;
    }
    case 'constants': {
      const constants = readConstants(value);
      return constants && { kind: topic.kind, at: topic.hash, constants };
    }
    case 'rights': {
      const rights = readRights(value, topic.level);
      return rights && { kind: topic.kind, rights };
    }
  }
}

function believe(state: ViewState, at: Instant, read: Read): ViewStep {
  switch (read.kind) {
    case 'protocols':
      return agreedAt(state, read.at, { hash: read.hash });
    case 'constants':
      return agreedAt(state, read.at, { constants: read.constants });
    case 'rights':
      return believeRights(state, at, read.rights);
  }
}

function believeRights(state: ViewState, at: Instant, rights: Rights): ViewStep {
  const { keys } = state.options;
  const before = state.rights.get(rights.level);
  if (before !== undefined && canonical(before) === canonical(rights)) return [state, []];
  const known = newest(new Map(state.rights).set(rights.level, rights), RIGHTS_MAX);
  const terms = termsOf(state, rights.level);
  const strangers = rights.seats.filter(({ consensusKey }) => !state.keys.has(consensusKey));
  return inTurn(
    { ...countAnew(state, rights.level), rights: known },
    now => [
      now,
      terms === undefined ? [] : [{ kind: 'facts', facts: factsOf(rights, terms.constants, keys) }],
    ],
    now => ask(now, at, strangers.map(keyTopic)),
  );
}
