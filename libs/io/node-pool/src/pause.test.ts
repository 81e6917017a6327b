import { seededRandom } from '@meridian/prelude';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from './limits.ts';
import { pauseAfter, type Ending } from './pause.ts';

const random = seededRandom(1);
const after = (how: Ending['how'], lastedMs: number, failures: number, wasOpen = true) =>
  pauseAfter({ how, lastedMs, wasOpen }, failures, DEFAULT_LIMITS, random);

describe('a stream that the node ended in order', () => {
  test('is opened again at once', () => {
    expect(after('over', 5_000, 0)).toEqual({ pauseMs: 0, failures: 0 });
  });

  test('has to wait when it lasted shorter than the pause', () => {
    expect(after('over', 99, 0).pauseMs).toBe(DEFAULT_LIMITS.reopenPauseMsMin);
    expect(after('over', 100, 0).pauseMs).toBe(0);
  });
});

describe('a stream that failed', () => {
  test('is tried again within 100 ms, and then ever more rarely up to the cap', () => {
    let failures = 0;
    const pauses = Array.from({ length: 40 }, () => {
      const pause = after('failed', 0, failures, false);
      failures = pause.failures;
      return pause.pauseMs;
    });
    const bounds = [100, 200, 400, 800, 1_600, ...Array.from({ length: 35 }, () => 2_000)];
    pauses.forEach((pause, at) => {
      expect(pause).toBeLessThanOrEqual(bounds[at]!);
      expect(pause).toBeGreaterThanOrEqual(bounds[at]! / 2);
    });
    expect(new Set(pauses.slice(5)).size).toBeGreaterThan(20);
  });

  test('counts from the start again when it had been open for long enough', () => {
    expect(after('failed', 500, 9).failures).toBe(1);
    expect(after('failed', 500, 9).pauseMs).toBeLessThanOrEqual(100);
    expect(after('failed', 499, 9).failures).toBe(10);
    expect(after('failed', 500, 9, false).failures).toBe(10);
  });
});

test('a dead connection that had been kept costs no pause, and is no failure', () => {
  expect(after('stale', 1, 2, false)).toEqual({ pauseMs: 0, failures: 2 });
});

test('a node that does not give a stream is asked again rarely', () => {
  expect(after('refused', 1, 0, false).pauseMs).toBe(30_000);
});
