import { describe, expect, test } from 'vitest';
import { duration, elapsedMs, fineClock, instant, later, manualClock } from './index.ts';

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

describe('a fine clock', () => {
  const clocks = () => {
    const at = { wall: 1_000_000.2, steady: 50 };
    return {
      at,
      clock: fineClock(
        () => Math.floor(at.wall),
        () => at.steady,
      ),
    };
  };

  test('shows fractions that the wall clock does not have', () => {
    const { at, clock } = clocks();
    expect(clock()).toBe(1_000_000);
    [at.wall, at.steady] = [1_000_000.6, 50.4];
    expect(clock()).toBeCloseTo(1_000_000.4, 6);
  });

  test.each([
    ['was set on', 3_600_000, 0],
    ['was set back', -3_600_000, 0],
    ['went on while the machine slept and the steady one stood still', 60_000, 0],
  ])('follows a wall clock that %s', (_, wall, steady) => {
    const { at, clock } = clocks();
    clock();
    [at.wall, at.steady] = [at.wall + wall, at.steady + steady];
    expect(Math.abs(clock() - at.wall)).toBeLessThanOrEqual(1);
    [at.wall, at.steady] = [at.wall + 10, at.steady + 10];
    expect(Math.abs(clock() - at.wall)).toBeLessThanOrEqual(1);
  });
});
