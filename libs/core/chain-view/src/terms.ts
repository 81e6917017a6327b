import type { Instant } from '@meridian/prelude';
import {
  protocolByHash,
  type BlockHash,
  type Level,
  type Protocol,
  type Round,
} from '@meridian/tezos';
import type { Proposal } from '@meridian/tenderbake';
import type { Knowledge } from './judge.ts';
import type { Topic } from './messages.ts';
import type { Header } from './read.ts';
import { factsOf, thresholdOf, type Constants } from './rights.ts';
import { answered, ask, newest, wantedRights } from './state.ts';
import type { ViewEffect, ViewOptions, ViewState, ViewStep } from './state.ts';

/*
 * Under which protocol blocks are made. A header counts the protocols of its chain: those with the counter p are made
 * under the protocol that a block with the counter p names as the next one, except the first of them. That one, the
 * migration block, is the last of the protocol before, and takes no votes (protocol.md 5.3).
 */

/** What holds for the blocks after a block with some protocol counter. */
export type Terms = {
  /** The hash of the protocol, whatever it is. */
  readonly hash: string;
  /** What Meridian knows of it; undefined where it knows nothing and the configuration names no equal. */
  readonly protocol: Protocol | undefined;
  readonly constants: Constants;
};

/** A block with which another protocol begins, as long as nodes may not have it as their head yet. */
export type Migration = {
  readonly hash: BlockHash;
  readonly level: Level;
  readonly round: Round;
  readonly proto: number;
  /** The nodes that have it as their head. */
  readonly nodes: ReadonlySet<string>;
};

/** The terms of a level; undefined as long as they are not agreed on. */
export function termsOf(
  { terms, proto, migration }: Pick<Knowledge, 'terms' | 'proto' | 'migration'>,
  level: number,
): Terms | undefined {
  const isAfter = migration !== undefined && level > migration.level;
  const counter = isAfter ? migration.proto : proto;
  return counter === undefined ? undefined : terms.get(counter);
}

/** The power that makes a quorum at a level; undefined as long as rights or terms are not agreed on. */
export function thresholdAt(
  known: Pick<Knowledge, 'terms' | 'proto' | 'migration' | 'rights'>,
  level: Level,
): number | undefined {
  const rights = known.rights.get(level);
  const terms = termsOf(known, level);
  return rights && terms && thresholdOf(rights, terms.constants);
}

/** What is asked of a block to learn the terms of the blocks after it. */
export function termsTopics(hash: BlockHash): readonly Topic[] {
  return [
    { kind: 'protocols', hash },
    { kind: 'constants', hash },
  ];
}

/** Blocks of which is remembered what nodes agreed on. */
const AGREED_MAX = 16;
/** Protocols that are remembered: this one, the one before and the next. */
const TERMS_MAX = 4;

/** Nodes agreed on one of two things that are asked of a block; the terms are known once they agreed on both. */
export function agreedAt(
  state: ViewState,
  hash: BlockHash,
  found: Partial<Pick<Terms, 'hash' | 'constants'>>,
): ViewStep {
  const both = { ...state.agreed.get(hash), ...found };
  const next = { ...state, agreed: newest(new Map(state.agreed).set(hash, both), AGREED_MAX) };
  const { migration } = next;
  const known = migration?.hash === hash ? migration : next.headers.get(hash);
  return known === undefined ? [next, []] : learnTerms(next, { hash, proto: known.proto });
}

/** Notes the terms of the blocks after a block, if nodes agreed on all of them; tells them once. */
export function learnTerms(
  state: ViewState,
  { hash: at, proto }: Pick<Header, 'hash' | 'proto'>,
): ViewStep {
  const { hash, constants } = state.agreed.get(at) ?? {};
  if (state.terms.has(proto) || hash === undefined || constants === undefined) return [state, []];
  const protocol = protocolFor(state.options, hash);
  const terms = withTerms(state, proto, { hash, protocol, constants });
  // Whoever speaks of a protocol that is over changes nothing by it.
  if (state.proto !== undefined && proto < state.proto) return [{ ...state, terms }, []];
  const isAwaited = state.proto === undefined || state.migration?.proto === proto;
  const told = { kind: 'protocol', hash, isKnown: protocol !== undefined } as const;
  // A view that missed the migration block has rights, and words of nodes on them, that another protocol gave.
  const next: ViewState = isAwaited
    ? { ...state, terms, proto: state.proto ?? proto }
    : { ...state, terms, proto, migration: undefined, rights: new Map(), counts: new Map() };
  return [next, [told, ...factsUnder(next, terms.get(proto))]];
}

/** The terms that are remembered, those that hold now among them whatever else is asked about. */
function withTerms({ terms, proto: current }: ViewState, proto: number, learnt: Terms) {
  const held = current === undefined ? undefined : terms.get(current);
  const others = [...terms].filter(([counter]) => counter !== current);
  const kept = current === undefined || held === undefined ? [] : [[current, held] as const];
  return newest(new Map([...others, ...kept, [proto, learnt] as const]), TERMS_MAX);
}

/** The facts of all levels whose rights are known and for which these terms hold. */
function factsUnder(state: ViewState, terms: Terms | undefined): readonly ViewEffect[] {
  if (terms === undefined) return [];
  const { keys } = state.options;
  return [...state.rights.values()]
    .filter(({ level }) => termsOf(state, level) === terms)
    .map(rights => ({ kind: 'facts', facts: factsOf(rights, terms.constants, keys) }));
}

const MAINNET = 'NetXdQprcVkpaWU';

/** The row of a protocol, or of the one that it equals on the operator's word; old ones are not voted under on mainnet. */
function protocolFor({ chainId, equals }: ViewOptions, hash: string): Protocol | undefined {
  const protocol = protocolByHash(hash) ?? equals?.get(hash);
  const isTooOld = protocol?.support === 'votes-only' && chainId === MAINNET;
  return isTooOld ? undefined : protocol;
}

/**
 * Follows the chain from a protocol to the next. What its blocks need is asked at the migration block, which nodes
 * answer for once they have it: the head may be the block before still, and would speak of the old protocol.
 */
export function followProtocol(state: ViewState, at: Instant, proposal: Proposal): ViewStep {
  const { hash, level, round, proto, predecessor } = proposal;
  const { migration } = state;
  if (proto !== predecessor.proto) {
    if (proto === state.proto || !isLater(proposal, migration)) return [state, []];
    // Another round may bring another block with which the same protocol begins: what was learnt of it holds.
    const isSame = migration?.proto === proto;
    const rights = [...state.rights].filter(([of]) => isSame || of <= level);
    const counts = [...state.counts].filter(([name]) => !name.startsWith('rights/'));
    const begun = { hash, level, round, proto, nodes: new Set<string>() };
    const next = { ...state, rights: new Map(rights), counts: new Map(counts), migration: begun };
    return awaitTerms(next, at);
  }
  if (migration === undefined || level <= migration.level) return [state, []];
  const isOff = proto !== migration.proto;
  if (!isOff && level === migration.level + 1) return [state, []];
  const over: ViewState = { ...state, proto, migration: undefined };
  // The chain went on from another block of that level, and what was put off until the new protocol is due.
  return [over, isOff ? factsUnder(over, over.terms.get(proto)) : []];
}

function isLater({ level, round }: Proposal, migration: Migration | undefined): boolean {
  if (migration === undefined || level > migration.level) return true;
  return level === migration.level && round > migration.round;
}

/** Asks for the terms of the blocks after a migration block. */
export function awaitTerms(state: ViewState, at: Instant): ViewStep {
  const { migration } = state;
  if (migration === undefined || state.terms.has(migration.proto)) return [state, []];
  return ask(state, at, termsTopics(migration.hash));
}

/**
 * A node has a block as its head. Nodes are asked about a migration block as soon as it is good, and may not answer
 * yet; they are asked again at once when enough of them have it.
 */
export function hearHead(state: ViewState, at: Instant, node: string, hash: BlockHash): ViewStep {
  const { migration, options } = state;
  if (migration?.hash !== hash || migration.nodes.has(node)) return [state, []];
  const nodes = new Set(migration.nodes).add(node);
  const next = { ...state, migration: { ...migration, nodes } };
  if (nodes.size !== options.quorum) return [next, []];
  const missing = state.terms.has(migration.proto) ? [] : termsTopics(hash);
  const topics = [...missing, ...wantedRights(next, migration.level + 1)];
  return ask(topics.reduce(answered, next), at, topics);
}
