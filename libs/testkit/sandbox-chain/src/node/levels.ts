import type { ChainBlock } from '../contract.ts';
import type { NodeView } from './view.ts';

/** A level with its place in its cycle, as a node prints it. */
export type LevelJson = {
  readonly level: number;
  readonly level_position: number;
  readonly cycle: number;
  readonly cycle_position: number;
  readonly expected_commitment: boolean;
};

/** The cycle of a level; the first level is 1, or 0 for a genesis block. */
export function cycleOf(view: NodeView, level: number): number {
  return Math.floor(Math.max(0, level - 1) / view.chain.options.blocksPerCycle);
}

/** Source: level_repr.ml. */
export function levelJson(view: NodeView, level: number): LevelJson {
  const { blocksPerCycle } = view.chain.options;
  const position = Math.max(0, level - 1);
  const inCycle = position % blocksPerCycle;
  const every = view.blocksPerCommitment;
  return {
    level,
    level_position: position,
    cycle: Math.floor(position / blocksPerCycle),
    cycle_position: inCycle,
    expected_commitment: every !== null && inCycle % every === every - 1,
  };
}

/** The first and last level of the cycle that is `offset` cycles after a block's. */
export function cycleBounds(
  view: NodeView,
  block: ChainBlock,
  offset: number,
): { readonly first: number; readonly last: number } {
  return boundsOf(view, cycleOf(view, block.level) + offset);
}

/** Every level of a cycle. */
export function levelsOf(view: NodeView, cycle: number): readonly number[] {
  const { first, last } = boundsOf(view, cycle);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

function boundsOf(
  view: NodeView,
  cycle: number,
): { readonly first: number; readonly last: number } {
  const { blocksPerCycle } = view.chain.options;
  const first = cycle * blocksPerCycle + 1;
  return { first, last: first + blocksPerCycle - 1 };
}

/** Whether rights of a level can be read at a block: the cycle before its own to so many cycles ahead. */
export function rightsKnown(view: NodeView, block: ChainBlock, level: number): boolean {
  const { oldest, latest } = rightsCycles(view, block);
  const cycle = cycleOf(view, level);
  return cycle >= oldest && cycle <= latest;
}

/** The cycles whose rights a block knows (protocol.md 1.2: `consensus_rights_delay`). */
export function rightsCycles(
  view: NodeView,
  block: ChainBlock,
): { readonly oldest: number; readonly latest: number } {
  const cycle = cycleOf(view, block.level);
  return { oldest: Math.max(0, cycle - 1), latest: cycle + CONSENSUS_RIGHTS_DELAY };
}

const CONSENSUS_RIGHTS_DELAY = 2;
