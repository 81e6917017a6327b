import { duration, later, type Duration, type Instant } from '@meridian/prelude';
import type { Round } from './numbers.ts';

/** How long rounds last, as `context/constants` of a block gives it. */
export type RoundDurations = {
  /** Length of round 0: `minimal_block_delay`. */
  readonly minimalBlockDelay: Duration;
  /** What each later round lasts longer: `delay_increment_per_round`. */
  readonly delayIncrementPerRound: Duration;
};

/** How long a round lasts. Source: round_repr.ml. */
export function roundDuration(durations: RoundDurations, round: Round): Duration {
  return duration(durations.minimalBlockDelay + round * durations.delayIncrementPerRound);
}

/** Where a level begins: its predecessor's time and round. */
export type Predecessor = { readonly timestamp: Instant; readonly round: Round };

/**
 * When `round` of the level after `predecessor` begins; a block of that round carries exactly this time.
 * Source: round_repr.ml `timestamp_of_round`.
 */
export function roundStart(
  durations: RoundDurations,
  predecessor: Predecessor,
  round: Round,
): Instant {
  const levelStart = later(predecessor.timestamp, roundDuration(durations, predecessor.round));
  return later(levelStart, roundOffset(durations, round));
}

/**
 * Which round of the level after `predecessor` it is at `at`; undefined before its round 0.
 * Source: round_repr.ml `round_of_timestamp`.
 */
export function roundAt(
  durations: RoundDurations,
  predecessor: Predecessor,
  at: Instant,
): Round | undefined {
  const levelStart = roundStart(durations, predecessor, 0 as Round);
  const passed = at - levelStart;
  if (passed < 0) return undefined;
  const found = roundsWithin(durations, passed);
  // The square root of a large number may be off by one either way.
  const exact = [found + 1, found, found - 1].find(
    round => round >= 0 && roundOffset(durations, round as Round) <= passed,
  );
  return (exact ?? 0) as Round;
}

/** From the start of round 0 to the start of `round`. */
function roundOffset(durations: RoundDurations, round: Round): Duration {
  const { minimalBlockDelay, delayIncrementPerRound } = durations;
  return duration(round * minimalBlockDelay + ((round * (round - 1)) / 2) * delayIncrementPerRound);
}

/** The greatest r with offset(r) ≤ passed, by solving offset(r) = passed for r. */
function roundsWithin(durations: RoundDurations, passedMs: number): number {
  const { minimalBlockDelay, delayIncrementPerRound } = durations;
  if (delayIncrementPerRound === 0) return Math.floor(passedMs / minimalBlockDelay);
  const b = minimalBlockDelay - delayIncrementPerRound / 2;
  const root = Math.sqrt(b * b + 2 * delayIncrementPerRound * passedMs);
  return Math.floor((root - b) / delayIncrementPerRound);
}
