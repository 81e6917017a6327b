import { assert } from './assert.ts';
import type { Brand } from './brand.ts';

/** A point in time: milliseconds since the Unix epoch. */
export type Instant = Brand<number, 'Instant'>;

/** A length of time in milliseconds; never negative. */
export type Duration = Brand<number, 'Duration'>;

/** What may tell the time. Code below the app layer is given instants, never a clock. */
export type Clock = () => Instant;

/** An instant from milliseconds since the Unix epoch. */
export function instant(epochMs: number): Instant {
  assert(Number.isFinite(epochMs), 'an instant is a finite number of milliseconds');
  return epochMs as Instant;
}

/** A duration from milliseconds. */
export function duration(ms: number): Duration {
  assert(
    Number.isFinite(ms) && ms >= 0,
    'a duration is a finite number of milliseconds, 0 or more',
  );
  return ms as Duration;
}

/** The instant `by` after `at`. */
export function later(at: Instant, by: Duration): Instant {
  return (at + by) as Instant;
}

/** How long after `from` the instant `to` comes, in milliseconds; negative when it comes before. */
export function elapsedMs(from: Instant, to: Instant): number {
  return to - from;
}

/** A clock that only its owner moves. */
export type ManualClock = {
  readonly now: Clock;
  /** Moves the clock on; time never goes back. */
  readonly advance: (by: Duration) => void;
};

/** A clock that stands at `start` until it is moved. */
export function manualClock(start: Instant): ManualClock {
  let now = start;
  return {
    now: () => now,
    advance: by => {
      now = later(now, by);
    },
  };
}
