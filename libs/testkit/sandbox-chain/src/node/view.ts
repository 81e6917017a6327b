import type { Instant } from '@meridian/prelude';
import type { Protocol } from '@meridian/tezos';
import type { ChainBlock, ChainOperation, SandboxChain } from '../contract.ts';
import type { Shape } from './shapes.ts';

/** What one node knows, from which all its answers come. */
export type NodeView = {
  readonly chain: SandboxChain;
  readonly protocol: Protocol;
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
