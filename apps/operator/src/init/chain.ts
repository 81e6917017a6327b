import { coldReads, NodeError } from '@meridian/node-pool';
import type { NamedNode } from '../addresses.ts';
import { isObject } from '../json.ts';
import { printable } from '../printable.ts';

/** What a node says of its chain, or why it says nothing. */
export type ChainAnswer = { readonly node: string } & (
  { readonly chainId: string } | { readonly why: string }
);

const LIMITS = { timeoutMs: 5_000, bodyBytesMax: 256 * 1024 };
/** A header says which chain it is of; Octez's default ACL allows it, and refuses `chain_id`. */
const HEADER = '/chains/main/blocks/head/header';

/** Asks all nodes at once which chain they follow. */
export function askForChain(nodes: readonly NamedNode[]): Promise<readonly ChainAnswer[]> {
  return Promise.all(nodes.map(askOne));
}

async function askOne({ name: node, url }: NamedNode): Promise<ChainAnswer> {
  try {
    const reads = coldReads(url, LIMITS);
    try {
      const header = await reads.get(HEADER);
      const chainId = isObject(header) ? header['chain_id'] : undefined;
      return typeof chainId === 'string' && /^Net\w{12}$/.test(chainId)
        ? { node, chainId }
        : { node, why: 'its header names no chain' };
    } finally {
      await reads.close();
    }
  } catch (error) {
    if (error instanceof NodeError) return { node, why: printable(error.message) };
    throw error;
  }
}

/** What all nodes that answered agree on; a line that names the flag when there is no such thing. */
export function agreedChain(
  answers: readonly ChainAnswer[],
): { readonly chainId: string } | { readonly why: string } {
  const said = answers.flatMap(answer => ('chainId' in answer ? [answer] : []));
  const chains = new Set(said.map(({ chainId }) => chainId));
  const [chainId] = chains;
  if (chainId !== undefined && chains.size === 1) return { chainId };
  const lines = answers.map(answer =>
    'chainId' in answer
      ? `${answer.node} is on ${answer.chainId}`
      : `${answer.node}: ${answer.why}`,
  );
  const problem = chainId === undefined ? 'no node says which chain it is on' : 'nodes disagree';
  return { why: `--chain-id: ${problem} (${lines.join('; ')}); give it` };
}
