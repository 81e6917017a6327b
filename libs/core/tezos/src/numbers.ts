import type { Brand } from '@meridian/prelude';
import { shown, TezosError } from './errors.ts';

/** The height of a block: 0 to 2^31 - 1. */
export type Level = Brand<number, 'Level'>;
/** An attempt at a level: 0 to 2^31 - 1. */
export type Round = Brand<number, 'Round'>;
/** A seat of a level's committee: 0 to 2^16 - 1. */
export type Slot = Brand<number, 'Slot'>;

const INT31_MAX = 2 ** 31 - 1;
const UINT16_MAX = 2 ** 16 - 1;

/**
 * A level. Source: raw_level_repr.ml (an int32 that is not negative).
 * @throws TezosError `bad_type`, `out_of_range`
 */
export function level(value: unknown): Level {
  return whole('a level', value, INT31_MAX) as Level;
}

/**
 * A round. Source: round_repr.ml (an int32 that is not negative).
 * @throws TezosError `bad_type`, `out_of_range`
 */
export function round(value: unknown): Round {
  return whole('a round', value, INT31_MAX) as Round;
}

/**
 * A slot. Source: slot_repr.ml (a uint16).
 * @throws TezosError `bad_type`, `out_of_range`
 */
export function slot(value: unknown): Slot {
  return whole('a slot', value, UINT16_MAX) as Slot;
}

/**
 * A whole number from 0 to `max`.
 * @throws TezosError `bad_type` for anything that is not a whole number, `out_of_range`
 */
export function whole(what: string, value: unknown, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TezosError('bad_type', `${what} is a whole number, not ${shown(value)}`);
  }
  if (value < 0 || value > max) {
    const range = `0 to ${max.toString()}`;
    throw new TezosError(
      'out_of_range',
      `${value.toString()} is not in ${range}, the range of ${what}`,
    );
  }
  return Object.is(value, -0) ? 0 : value;
}
