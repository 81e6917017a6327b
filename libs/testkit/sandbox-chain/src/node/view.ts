import type { Instant } from '@meridian/prelude';
import type { ChainBlock, ChainOperation, SandboxChain } from '../contract.ts';
import { eraAt, type Era } from '../eras.ts';
import { shapeOf, type Shape } from './shapes.ts';

/** What one node knows, from which all its answers come. */
export type NodeView = {
  readonly chain: SandboxChain;
  /** In whose words it answers: the protocol of a block, or the next one for what is asked of its context. */
  readonly era: Era;
  readonly shape: Shape;
  /** The last block before the end of each so many has a seed nonce; null when no block has one. */
  readonly blocksPerCommitment: number | null;
  /** How many levels an operation may come after its branch. */
  readonly operationsTtl: number;
  readonly now: () => Instant;
  /** The head that this node knows; an earlier one than the chain's while it does not follow. */
  readonly head: () => ChainBlock;
  /** What its mempool holds. */
  readonly mempool: () => readonly ChainOperation[];
  /** Whether it hears of anything new. */
  readonly follows: () => boolean;
};

/** The same node in the words of the era of a level. */
export function speakingAt(view: NodeView, level: number): NodeView {
  const era = eraAt(view.chain.options, level);
  return { ...view, era, shape: shapeOf(era.protocol) };
}
