import type { Instant } from '@meridian/prelude';
import { z } from '@meridian/service/schema';
import { horizonEnd, type Horizon, type Position, type Row } from '@meridian/watermark';
import { AdminError } from './errors.ts';

/** The word for a floor or an epoch that is meant to be far: a slip of the finger does not say it. */
export const FAR = { far: z.boolean().default(false) };

const DAY_MS = 86_400_000;

/** The highest level of a floor that is taken without that word: what the chain can reach within a day. */
export function highestFloor(line: Horizon, now: Instant): number {
  return horizonEnd(line, now) + Math.floor(DAY_MS / line.minimalBlockDelay);
}

/** How far an epoch may lie above those that were used, without that word. */
const EPOCHS_AHEAD_MAX = 1_000;

/**
 * That an epoch is near enough: it never falls again, and one near the end leaves hardly another one.
 * @param rows those that get it
 * @throws AdminError `epoch_too_far`
 */
export function assertEpochNear(
  epoch: number,
  { far }: { readonly far: boolean },
  rows: readonly Row[],
): void {
  const used = rows.map(row => Math.max(row.epoch, row.burntEpoch, row.handedEpoch ?? 0));
  const highest = Math.max(0, ...used);
  if (far || epoch <= highest + EPOCHS_AHEAD_MAX) return;
  const most = `${(highest + EPOCHS_AHEAD_MAX).toString()} at most`;
  throw new AdminError('epoch_too_far', most, 'statement.epoch');
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
