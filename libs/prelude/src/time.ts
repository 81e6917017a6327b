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

/** How far the two clocks of a {@link fineClock} may come apart, in milliseconds; the wall's counts whole ones. */
const APART_MAX_MS = 2;

/**
 * A clock with fractions of milliseconds that shows the time of the wall clock: it counts by the steady one, and is
 * set anew as soon as the wall clock was set, or the machine slept and the steady one stood still.
 * @param wall milliseconds since the Unix epoch
 * @param steady milliseconds since any moment, with fractions; never set
 */
export function fineClock(wall: () => number, steady: () => number): Clock {
  let ahead = wall() - steady();
  return () => {
    const [now, passed] = [wall(), steady()];
    if (Math.abs(ahead + passed - now) > APART_MAX_MS) ahead = now - passed;
    return instant(ahead + passed);
  };
}
