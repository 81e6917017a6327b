import type { Instant } from '@meridian/prelude';
import { z } from '@meridian/service/schema';
import { horizonEnd, type Horizon, type Position } from '@meridian/watermark';
import { AdminError } from './errors.ts';

/** The word for a floor that is meant to be far: a slip of the finger does not say it. */
export const FAR = { far: z.boolean().default(false) };

const DAY_MS = 86_400_000;

/** The highest level of a floor that is taken without that word: what the chain can reach within a day. */
export function highestFloor(line: Horizon, now: Instant): number {
  return horizonEnd(line, now) + Math.floor(DAY_MS / line.minimalBlockDelay);
}

/**
 * That a floor is near enough: it never falls again, and all levels below a far one are lost for the key.
 * @param highest undefined where no line is known
 * @throws AdminError `floor_too_far`
 */
export function assertNear(
  { level }: Pick<Position, 'level'>,
  { far }: { readonly far: boolean },
  highest: number | undefined,
  field = 'floor.level',
): void {
  if (far || (highest !== undefined && level <= highest)) return;
  const most =
    highest === undefined ? 'no horizon is known' : `level ${highest.toString()} at most`;
  throw new AdminError('floor_too_far', most, field);
}
