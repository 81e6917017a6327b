import { duration, instant } from '@meridian/prelude';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Round } from './numbers.ts';
import { roundAt, roundStart, type Predecessor, type RoundDurations } from './rounds.ts';

const MAINNET = durations(6_000, 3_000);
const NOW = Date.UTC(2026, 10, 22);

function durations(minimalBlockDelayMs: number, incrementMs: number): RoundDurations {
  return {
    minimalBlockDelay: duration(minimalBlockDelayMs),
    delayIncrementPerRound: duration(incrementMs),
  };
}

function after(timestampMs: number, round: number): Predecessor {
  return { timestamp: instant(timestampMs), round: round as Round };
}

/** The greatest round whose start can be told from its neighbours' in a double. */
function lastRound({
  minimalBlockDelay: delay,
  delayIncrementPerRound: increment,
}: RoundDurations) {
  const room = 2 ** 52;
  const bySquare = increment === 0 ? Infinity : Math.sqrt((2 * room) / increment) - 2;
  return Math.floor(Math.min(room / delay / 2, bySquare / 2, 2 ** 31 - 2));
}

const anyDurations = fc
  .tuple(fc.integer({ min: 1, max: 600_000 }), fc.integer({ min: 0, max: 600_000 }))
  .map(([delay, increment]) => durations(delay, increment));
const anyPredecessor = fc
  .tuple(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 1_000 }))
  .map(([timestamp, round]) => after(timestamp, round));
/** Small rounds, where votes happen, and rounds as large as numbers allow. */
const anyRound = fc.oneof(fc.nat(20), fc.nat(2 ** 31 - 2));

describe('rounds', () => {
  test('at its first and last millisecond it is that round', () => {
    const property = fc.property(anyDurations, anyPredecessor, anyRound, (each, before, wish) => {
      const round = Math.min(wish, lastRound(each)) as Round;
      const start = roundStart(each, before, round);
      const next = roundStart(each, before, (round + 1) as Round);
      expect(roundAt(each, before, start)).toBe(round);
      expect(roundAt(each, before, instant(next - 1))).toBe(round);
      expect(roundAt(each, before, next)).toBe(round + 1);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test('each round begins where the one before it ends', () => {
    const property = fc.property(anyDurations, anyPredecessor, fc.nat(5_000), (each, before, n) => {
      const length = each.minimalBlockDelay + n * each.delayIncrementPerRound;
      const [round, next] = [n as Round, (n + 1) as Round];
      const lasted = roundStart(each, before, next) - roundStart(each, before, round);
      expect(lasted).toBe(length);
    });
    fc.assert(property);
  });

  test('a level begins when the round of its predecessor ends', () => {
    // Mainnet, predecessor of round 1: 9 s for it, then rounds of 6, 9, 12 s.
    const before = after(1_000_000, 1);
    const starts = [0, 1, 2, 3].map(round => roundStart(MAINNET, before, round as Round));
    expect(starts).toEqual([1_009_000, 1_015_000, 1_024_000, 1_036_000]);
  });

  test('before its level begins it is no round', () => {
    const before = after(NOW, 2);
    const start = roundStart(MAINNET, before, 0 as Round);
    expect(roundAt(MAINNET, before, instant(start - 1))).toBeUndefined();
    expect(roundAt(MAINNET, before, instant(start - 0.5))).toBeUndefined();
    expect(roundAt(MAINNET, before, start)).toBe(0);
  });

  test('without an increment all rounds last as long', () => {
    const steady = durations(1_000, 0);
    const before = after(NOW, 1_000_000);
    expect(roundStart(steady, before, 5 as Round)).toBe(NOW + 6_000);
    expect(roundAt(steady, before, instant(NOW + 6_000))).toBe(5);
    expect(roundAt(steady, before, instant(NOW + 6_999))).toBe(5);
  });

  test('a chain that stood still for a year is found in its round', () => {
    const before = after(NOW, 0);
    const at = instant(NOW + 365 * 86_400_000);
    const round = roundAt(MAINNET, before, at)!;
    expect(round).toBe(4583);
    expect(roundStart(MAINNET, before, round)).toBeLessThanOrEqual(at);
    expect(roundStart(MAINNET, before, (round + 1) as Round)).toBeGreaterThan(at);
  });

  test('a time between milliseconds belongs to the round it lies in', () => {
    const before = after(NOW, 0);
    const next = roundStart(MAINNET, before, 1 as Round);
    expect(roundAt(MAINNET, before, instant(next - 0.25))).toBe(0);
  });
});
