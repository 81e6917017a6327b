import type { Instant } from '@meridian/prelude';
import { protocolByHash, type PublicKey } from '@meridian/tezos';
import { publicKey, publicKeyHashOf } from '@meridian/tezos/crypto';
import { canonical, isOutvoted, NOBODY, say, settled } from './agree.ts';
import { learnHeader, retryBlocks, withProof } from './blocks.ts';
import { keyTopic, type Verifier } from './judge.ts';
import type { Topic } from './messages.ts';
import { isObject, tried } from './read.ts';
import { factsOf, readConstants, readRights } from './rights.ts';
import {
  answered,
  ask,
  blame,
  inTurn,
  nameOf,
  newest,
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
    next.constants !== state.constants ||
    next.parkedBlocks !== state.parkedBlocks;
  if (!learnt) return [next, effects];
  const [done, more] = inTurn(
    next,
    now => retryBlocks(now, verifier, at),
    now => retryVotes(now, verifier, at),
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
    case 'constants':
    case 'rights':
      return count(state, answer);
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

/** What no node can say alone: it is believed once enough of them say the same. */
function count(state: ViewState, { at, node, topic, value }: Answer): ViewStep {
  const name = nameOf(topic);
  const read = readCounted(state, topic, value);
  if (read === undefined) {
    // Rights cannot be read before the constants are known; that is no fault of the node.
    const early = topic.kind === 'rights' && state.constants === undefined;
    return early ? [state, []] : blame(state, node, 'unreadable');
  }
  const said = canonical(read);
  const before = state.counts.get(name) ?? NOBODY;
  const after = say(before, node, said);
  const next = { ...state, counts: newest(new Map(state.counts).set(name, after), COUNTS_MAX) };
  const { quorum } = state.options;
  const agreed = settled(after, quorum);
  if (agreed === undefined) return [next, []];
  const isNew = agreed !== settled(before, quorum);
  const speakers = isNew ? after.said : new Map([[node, said]]);
  const outvoted = [...speakers].filter(([, each]) => isOutvoted(after, agreed, each));
  return inTurn(
    isNew ? answered(next, topic) : next,
    now => (isNew ? believe(now, at, topic, read) : [now, []]),
    ...outvoted.map(
      ([liar]) =>
        (now: ViewState) =>
          blame(now, liar, 'outvoted'),
    ),
  );
}

function readCounted(state: ViewState, topic: Topic, value: unknown): unknown {
  if (topic.kind === 'constants') return readConstants(value);
  if (topic.kind === 'rights') {
    return state.constants && readRights(value, topic.level, state.constants);
  }
  if (!isObject(value)) return undefined;
  const { chain_id: chainId, protocol } = value;
  return typeof chainId === 'string' && typeof protocol === 'string'
    ? { chainId, protocol }
    : undefined;
}

function believe(state: ViewState, at: Instant, topic: Topic, read: unknown): ViewStep {
  if (topic.kind === 'constants') {
    return [{ ...state, constants: read as ViewState['constants'] }, []];
  }
  if (topic.kind === 'rights') {
    const rights = read as NonNullable<ReturnType<typeof readRights>>;
    const { constants, options } = state;
    if (constants === undefined) return [state, []];
    const known = newest(new Map(state.rights).set(rights.level, rights), RIGHTS_MAX);
    const strangers = rights.seats.filter(({ consensusKey }) => !state.keys.has(consensusKey));
    return inTurn(
      { ...state, rights: known },
      now => [now, [{ kind: 'facts', facts: factsOf(rights, constants, options.keys) }]],
      now => ask(now, at, strangers.map(keyTopic)),
    );
  }
  const { chainId, protocol } = read as { chainId: string; protocol: string };
  return chainId === state.options.chainId
    ? [{ ...state, protocol: protocolByHash(protocol) }, []]
    : [state, []];
}
