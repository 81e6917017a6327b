import { CONSTANTS_025 } from './constants-table.ts';
import type { NodeView } from './view.ts';

/** `context/constants`: the recorded ones, with the values of this chain and the fields of its protocol. */
export function constantsJson(view: NodeView): object {
  const { constantsWithout, constantsOwn } = view.shape;
  const all = { ...CONSTANTS_025, ...ofChain(view) };
  const kept = Object.entries(all).filter(([name]) => !constantsWithout.includes(name));
  return { ...Object.fromEntries(kept), ...constantsOwn };
}

function ofChain(view: NodeView): Partial<Record<keyof typeof CONSTANTS_025, unknown>> {
  const { options } = view.chain;
  const seconds = (ms: number): string => (ms / 1_000).toString();
  return {
    blocks_per_cycle: options.blocksPerCycle,
    // A cycle that is too short for one has no commitment.
    blocks_per_commitment: view.blocksPerCommitment ?? options.blocksPerCycle + 1,
    max_operations_time_to_live: view.operationsTtl,
    minimal_block_delay: seconds(view.era.minimalBlockDelay),
    delay_increment_per_round: seconds(view.era.delayIncrementPerRound),
    consensus_committee_size: options.committeeSize,
    consensus_threshold_size: Math.floor((options.committeeSize * 2) / 3) + 1,
  };
}
