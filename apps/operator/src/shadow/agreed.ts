import { pathOf } from '@meridian/chain-view';
import { coldReads, NodeError } from '@meridian/node-pool';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import type { NamedNode } from '../addresses.ts';
import { OperatorError } from '../errors.ts';
import { isObject } from '../json.ts';
import { printable } from '../printable.ts';
import type { ShadowWish } from './wish.ts';

/** What has to be agreed on before the line can run. */
export type Agreed = {
  readonly chainId: ChainId;
  /** The consensus keys of the delegates. */
  readonly keys: ReadonlySet<PublicKeyHash>;
};

const LIMITS = { timeoutMs: 5_000, bodyBytesMax: 256 * 1024 };

/**
 * What a quorum of nodes says of the chain and, unless keys were given, of the delegates' consensus keys.
 * @throws OperatorError `unreachable` with what each node said, when too few say the same
 */
export async function agreeOn({ nodes, quorum, delegates, keys }: ShadowWish): Promise<Agreed> {
  const chain = await askAll(nodes, pathOf({ kind: 'chain' }), readChain);
  const chainId = agreedOf(chain, quorum, 'which chain they follow');
  if (keys.length > 0) return { chainId, keys: new Set([...delegates, ...keys]) };
  const lists = delegates.map(async delegate => {
    const path = pathOf({ kind: 'key', delegate, consensusKey: delegate });
    const what = `which consensus key ${delegate} has (--delegate; --key names it)`;
    return agreedOf(await askAll(nodes, path, readKeys), quorum, what);
  });
  return { chainId, keys: new Set((await Promise.all(lists)).flat()) };
}

/** What a node said, or why it is not known. */
type Said<Value> = { readonly node: string } & (
  { readonly value: Value } | { readonly why: string }
);

function askAll<Value>(
  nodes: readonly NamedNode[],
  path: string,
  read: (answer: unknown) => Value | undefined,
): Promise<readonly Said<Value>[]> {
  const one = async ({ name: node, url }: NamedNode): Promise<Said<Value>> => {
    const reads = coldReads(url, LIMITS);
    try {
      const value = read(await reads.get(path));
      return value === undefined ? { node, why: 'its answer cannot be read' } : { node, value };
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      return { node, why: printable(error.message) };
    } finally {
      await reads.close();
    }
  };
  return Promise.all(nodes.map(one));
}

function agreedOf<Value>(said: readonly Said<Value>[], quorum: number, what: string): Value {
  const counts = new Map<string, number>();
  for (const each of said) {
    if (!('value' in each)) continue;
    const name = JSON.stringify(each.value);
    const count = (counts.get(name) ?? 0) + 1;
    if (count >= quorum) return each.value;
    counts.set(name, count);
  }
  const lines = said.map(each =>
    'value' in each
      ? `${each.node}: ${printable(JSON.stringify(each.value))}`
      : `${each.node}: ${each.why}`,
  );
  const need = `${quorum.toString()} of ${said.length.toString()} nodes have to agree`;
  throw new OperatorError('unreachable', `${need} on ${what}: ${lines.join('; ')}`);
}

function readChain(answer: unknown): ChainId | undefined {
  const chainId = isObject(answer) ? answer['chain_id'] : undefined;
  return typeof chainId === 'string' && /^Net\w{12}$/.test(chainId)
    ? (chainId as ChainId)
    : undefined;
}

/** The active key and those that take over later, in the order of the node. */
function readKeys(answer: unknown): readonly PublicKeyHash[] | undefined {
  if (!isObject(answer)) return undefined;
  const { active, pendings } = answer;
  const rows = [active, ...(Array.isArray(pendings) ? (pendings as unknown[]) : [])];
  const keys = rows.map(row => (isObject(row) ? row['pkh'] : undefined));
  return keys.every(key => typeof key === 'string') ? (keys as PublicKeyHash[]) : undefined;
}
