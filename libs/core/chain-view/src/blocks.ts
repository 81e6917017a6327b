import type { Instant } from '@meridian/prelude';
import { judgeBlock, type Verifier } from './judge.ts';
import type { BlockHash } from '@meridian/tezos';
import type { ViewStream } from './messages.ts';
import { isObject, readHeader, readOperations, type Header } from './read.ts';
import { ask, blame, inTurn, latest, newest, note, wantedRights } from './state.ts';
import type { ParkedBlock, ViewState, ViewStep } from './state.ts';

/** Headers that are remembered: some levels with all their rounds. */
const HEADERS_MAX = 64;
const JUDGED_MAX = 256;
/** Blocks that wait for something; a node cannot make us keep more. */
const PARKED_BLOCKS_MAX = 32;

/** A block on a stream: the first node to bring it is as good as any. */
export function hearBlock(
  state: ViewState,
  verifier: Verifier,
  event: {
    readonly at: Instant;
    readonly node: string;
    readonly stream: ViewStream;
    readonly item: unknown;
  },
): ViewStep {
  const { at, node, item } = event;
  const { protocol, options } = state;
  if (protocol === undefined) return [state, []];
  const chain = isObject(item) ? item['chain_id'] : undefined;
  if (chain !== undefined && chain !== options.chainId) return blame(state, node, 'other_chain');
  const known = judgedHeader(state, item);
  if (known !== undefined) return [noteBlock(state, node, at, known), []];
  const header = readHeader(item, protocol);
  if (!header.ok) return blame(state, node, header.error);
  const brought = noteBlock(state, node, at, header.value);
  const lists: unknown = isObject(item) ? item['operations'] : undefined;
  const operations = Array.isArray(lists) ? readOperations(lists[0], protocol) : undefined;
  return judge(brought, verifier, at, { node, header: header.value, operations });
}

/**
 * The header of a good block by the name that an item claims: every node brings every block twice, and what was judged
 * needs no reading. Whoever claims the name of another block for his own says nothing new by it.
 */
function judgedHeader({ judged, headers }: ViewState, item: unknown): Header | undefined {
  const hash = isObject(item) ? (item['hash'] as BlockHash) : undefined;
  return hash !== undefined && judged.has(hash) ? headers.get(hash) : undefined;
}

function noteBlock(state: ViewState, node: string, at: Instant, { fitness }: Header): ViewState {
  return note(state, node, ({ level }) => ({
    lastBlockAt: at,
    level: Math.max(level, fitness.level),
  }));
}

/** Judges a block that is not judged yet, or parks it until what it needs has been read. */
export function judge(
  state: ViewState,
  verifier: Verifier,
  at: Instant,
  block: ParkedBlock,
): ViewStep {
  const { header, node } = block;
  const { hash } = header;
  if (state.judged.has(hash)) return [state, []];
  const known = state.parkedBlocks.get(hash);
  const merged = { ...block, operations: block.operations ?? known?.operations };
  const verdict = judgeBlock(state, verifier, header, merged.operations);
  if (verdict.ok) {
    const level = Math.max(state.level, header.fitness.level);
    const good: ViewState = {
      ...unpark(state, block),
      level,
      headers: newest(new Map(state.headers).set(hash, header), HEADERS_MAX),
    };
    return inTurn(
      good,
      now => [now, [{ kind: 'proposal', proposal: verdict.value, node }]],
      now => ask(now, at, wantedRights(now, level)),
      now => newProtocol(now, at, header),
    );
  }
  if (verdict.error.kind === 'fault') return blame(unpark(state, block), node, verdict.error.code);
  const parked = newest(new Map(state.parkedBlocks).set(hash, merged), PARKED_BLOCKS_MAX);
  return ask({ ...state, parkedBlocks: parked }, at, verdict.error.topics);
}

function unpark(state: ViewState, { header: { hash } }: ParkedBlock): ViewState {
  const parkedBlocks = new Map(state.parkedBlocks);
  parkedBlocks.delete(hash);
  return { ...state, parkedBlocks, judged: latest(new Set(state.judged).add(hash), JUDGED_MAX) };
}

/** Another protocol may have other constants; they are asked for again at its first block. */
function newProtocol(state: ViewState, at: Instant, { proto }: Header): ViewStep {
  if (proto === state.proto) return [state, []];
  const next = { ...state, proto };
  return state.proto === undefined
    ? [next, []]
    : ask(next, at, [{ kind: 'chain' }, { kind: 'constants' }]);
}

/** A header that was asked for by its hash: whoever gives it, it is right or it is not this one. */
export function learnHeader(state: ViewState, node: string, value: unknown): ViewStep {
  const { protocol } = state;
  if (protocol === undefined) return [state, []];
  const header = readHeader(value, protocol);
  if (!header.ok) return blame(state, node, header.error);
  const headers = newest(new Map(state.headers).set(header.value.hash, header.value), HEADERS_MAX);
  return [{ ...state, headers }, []];
}
