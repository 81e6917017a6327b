import { assert, type Duration } from '@meridian/prelude';
import type { Protocol } from '@meridian/tezos';
import type { ChainOptions } from './contract.ts';

/** What holds for the blocks of a level: the protocol that applies them, and how long their rounds are. */
export type Era = {
  readonly protocol: Protocol;
  readonly minimalBlockDelay: Duration;
  readonly delayIncrementPerRound: Duration;
};

type Course = Pick<
  ChainOptions,
  'protocol' | 'minimalBlockDelay' | 'delayIncrementPerRound' | 'activations'
>;

/**
 * The era of the blocks of a level. A migration block belongs to the old one; what is asked of its context, such as
 * rights and constants, is answered by the era of the level after it (Octez: `next_protocol`).
 */
export function eraAt(options: Course, level: number): Era {
  let { protocol, minimalBlockDelay, delayIncrementPerRound } = options;
  for (const activation of options.activations ?? []) {
    if (activation.level >= level) break;
    ({ protocol, minimalBlockDelay = minimalBlockDelay } = activation);
    delayIncrementPerRound = activation.delayIncrementPerRound ?? delayIncrementPerRound;
  }
  return { protocol, minimalBlockDelay, delayIncrementPerRound };
}

/**
 * The `proto` of a block's header: it counts the protocols, and is one more from the migration block on.
 * Source: block_validation.ml, `expected_proto_level`.
 */
export function protoAt({ activations = [] }: Course, level: number): number {
  return 1 + activations.filter(activation => activation.level <= level).length;
}

/** Whether the blocks of a level are the last of their protocol: such a block is final at once, and nobody votes on it. */
export function isMigration({ activations = [] }: Course, level: number): boolean {
  return activations.some(activation => activation.level === level);
}

/** Refuses activations out of order: each comes at a later level than the one before. */
export function checkActivations({ activations = [] }: Course): void {
  for (const [at, { level }] of activations.entries()) {
    const before = activations[at - 1]?.level ?? 0;
    assert(level > before, `activations[${at.toString()}].level comes after ${before.toString()}`);
  }
}
