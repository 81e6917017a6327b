import { instant } from '@meridian/prelude';
import { handChain, type HandChain } from '@meridian/sandbox-chain/hand';
import { startEdgeNode, type EdgeNode } from './edge-node.ts';

const started: EdgeNode[] = [];
/** Closes every node that was started; for the end of a test. */
export async function closeAll(): Promise<void> {
  await Promise.all(started.splice(0).map(node => node.close()));
}

/** A node on a chain. */
export type Setup = {
  readonly chain: HandChain;
  readonly node: EdgeNode;
  /** A block more, which the node hears of. */
  readonly grow: () => void;
};

/** A node on a chain of two blocks; its clock stands still. */
export async function setUp(): Promise<Setup> {
  const chain = handChain();
  chain.grow();
  chain.grow();
  const node = await startEdgeNode(chain, {
    name: 'node1',
    port: 0,
    now: () => instant(0),
    injected: () => {
      node.deliver(chain.advanceTo(instant(0)));
    },
  });
  started.push(node);
  const grow = (): void => {
    node.deliver(chain.grow());
  };
  return { chain, node, grow };
}

/** The hash of the head. */
export const HASH = '/chains/main/blocks/head/hash';
/** The stream of heads. */
export const HEADS = '/monitor/heads/main';
