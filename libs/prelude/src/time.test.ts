import { expect, test } from 'vitest';
import { duration, elapsedMs, instant, later, manualClock } from './index.ts';

test('a manual clock stands still until it is moved', () => {
  const clock = manualClock(instant(1_000));
  expect(clock.now()).toBe(1_000);
  clock.advance(duration(250));
  expect(clock.now()).toBe(1_250);
});

test('instants and durations add up', () => {
  const at = later(instant(5), duration(7));
  expect(at).toBe(12);
  expect(elapsedMs(at, instant(5))).toBe(-7);
});

test('a duration is never negative and an instant never infinite', () => {
  expect(() => duration(-1)).toThrow(/duration/);
  expect(() => instant(Number.POSITIVE_INFINITY)).toThrow(/instant/);
});
