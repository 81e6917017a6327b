import type { Level, Round } from '../numbers.ts';
import { optional, record, type Encoding } from './encoding.ts';
import { levelEncoding, roundEncoding } from './primitives.ts';

/**
 * The tuple that octez-codec calls `<protocol>.fitness`. Not the form in which headers carry a fitness:
 * that is the list of byte strings of `writeFitness`.
 */
export const fitnessTuple: Encoding<{
  readonly level: Level;
  readonly locked_round?: Round;
  readonly predecessor_round: Round;
  readonly round: Round;
}> = record({
  level: levelEncoding,
  locked_round: optional(roundEncoding, { absent: 0x00, present: 0x01 }),
  predecessor_round: roundEncoding,
  round: roundEncoding,
});
