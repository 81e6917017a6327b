import { err, ok, type Result } from '@meridian/prelude';
import { identifyBase58, type BlockHash } from '@meridian/tezos';
import type { ChainBlock } from '../contract.ts';
import { isChain } from './query.ts';
import { malformed, NOT_FOUND, type Answer } from './reply.ts';
import type { NodeView } from './view.ts';

/** An argument of a path that cannot be read, in the words of Octez 25.1; the path has no slash in front. */
function unreadable(path: string, why: string, type: string): Answer {
  const place = `Failed to parsed an argument in path. After "${path}"`;
  return malformed(`${place}, the value "${why}" is not acceptable for type "${type}"`);
}

/** Refuses a chain that cannot be read or is not this node's. */
export function checkChain(view: NodeView, text: string, path: string): Answer | undefined {
  if (!isChain(text)) return unreadable(path, 'Cannot parse chain identifier.', 'chain_id');
  return text === 'main' || text === view.chain.chainId ? undefined : NOT_FOUND;
}

/** An address of a path. */
export function addressIn(text: string, path: string): Result<string, Answer> {
  try {
    identifyBase58(['tz1', 'tz2', 'tz3', 'tz4', 'tz5'], text);
    return ok(text);
  } catch {
    const why = `failed to decode Base58Check-encoded data (Signature.Public_key_hash): "${text}"`;
    return err(unreadable(path, why, 'pkh'));
  }
}

/** `head`, `genesis`, a level or a hash, and how many blocks before it. */
const BLOCK_ID = /^(head|genesis|\d{1,10}|B[1-9A-Za-z]{50})(?:[~-](\d{1,10}))?$/;

/** The block that a path names, as far as this node knows it. */
export function blockIn(view: NodeView, text: string, path: string): Result<ChainBlock, Answer> {
  const [, base, before] = BLOCK_ID.exec(text) ?? [];
  if (base === undefined || (base.length === 51 && !isBlockHash(base))) {
    return err(unreadable(path, `Cannot parse block identifier: ${text}`, 'block_id'));
  }
  const found = baseBlock(view, base);
  if (found === undefined || found.level > view.head().level) return err(NOT_FOUND);
  const block = ancestor(view, found, Number(before ?? 0));
  return block === undefined ? err(NOT_FOUND) : ok(block);
}

function isBlockHash(text: string): boolean {
  try {
    identifyBase58(['blockHash'], text);
    return true;
  } catch {
    return false;
  }
}

function baseBlock(view: NodeView, base: string): ChainBlock | undefined {
  const { chain } = view;
  if (base === 'head') return view.head();
  if (base === 'genesis') return chain.genesis;
  if (base.startsWith('B')) return chain.block(base as BlockHash);
  const level = Number(base);
  return level === view.head().level ? view.head() : chain.atLevel(level);
}

/** So many blocks back; before the genesis block there is only itself, as a node has it. */
function ancestor(view: NodeView, from: ChainBlock, count: number): ChainBlock | undefined {
  let block: ChainBlock | undefined = from;
  for (let left = count; left > 0 && block !== undefined && block.level > 0; left -= 1) {
    block = view.chain.block(block.header.predecessor);
  }
  return block;
}
