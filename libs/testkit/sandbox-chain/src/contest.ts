import type { Round } from '@meridian/tezos';
import type { ChainBlock } from './contract.ts';
import type { ChainVote } from './votes.ts';

/** The level that is being decided. */
export type Contest = {
  readonly level: number;
  readonly predecessor: ChainBlock;
  /** The blocks of its rounds. */
  readonly blocks: Map<Round, ChainBlock>;
  readonly prequorums: Set<Round>;
  /** The block that had the first quorum of a level whose successors are to be reorganised. */
  unnoticed: ChainBlock | undefined;
  /** The contest of the same level, on another predecessor, that ends when this one begins. */
  readonly replaces: Contest | undefined;
  /** The predecessor on which the level will be contested anew. */
  readonly returnsTo: ChainBlock | undefined;
  locked:
    | { readonly block: ChainBlock; readonly round: Round; readonly proof: readonly ChainVote[] }
    | undefined;
  elected: ChainBlock | undefined;
};

/** The contest for the level after a block, of which nothing is decided yet. */
export function contestAfter(
  predecessor: ChainBlock,
  { replaces, returnsTo }: Partial<Pick<Contest, 'replaces' | 'returnsTo'>> = {},
): Contest {
  return {
    level: predecessor.level + 1,
    predecessor,
    blocks: new Map(),
    prequorums: new Set(),
    unnoticed: undefined,
    locked: undefined,
    elected: undefined,
    replaces,
    returnsTo,
  };
}
