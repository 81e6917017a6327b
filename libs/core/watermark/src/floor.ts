import { level, round, TezosError } from '@meridian/tezos';
import type { Mark, Position } from './row.ts';

/**
 * The mark of a floor: a position that nothing was signed at and nothing will be. Undefined for a position that no
 * chain has; floors come from operators, certificates and grants, and one that is no number would be below nothing.
 */
export function floorMark(floor: Position): Mark | undefined {
  try {
    const position = { level: level(floor.level), round: round(floor.round) };
    return { ...position, digest: null, bytes: null, signature: null };
  } catch (error) {
    if (error instanceof TezosError) return undefined;
    throw error;
  }
}
