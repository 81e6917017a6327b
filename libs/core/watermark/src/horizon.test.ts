import { expect, test } from 'vitest';
import { duration, instant } from '@meridian/prelude';
import { level } from '@meridian/tezos';
import { horizonEnd, withinHorizon, type Horizon } from './index.ts';

const HORIZON: Horizon = {
  baseLevel: level(1_000),
  baseTime: instant(60_000),
  minimalBlockDelay: duration(6_000),
  slackLevels: 2,
};

test.each([
  ['at the base, the slack is all there is', 60_000, 1_002],
  ['a level rises only once its block delay has passed', 65_999, 1_002],
  ['one block delay on, one level more', 66_000, 1_003],
  ['an hour on, 600 levels more', 60_000 + 3_600_000, 1_602],
  ['a clock before the base takes nothing away', 0, 1_002],
])('%s', (_name, at, highest) => {
  expect(withinHorizon(HORIZON, level(highest), instant(at))).toBe(true);
  expect(withinHorizon(HORIZON, level(highest + 1), instant(at))).toBe(false);
  expect(horizonEnd(HORIZON, instant(at))).toBe(highest + 1);
});

test('a horizon of blocks without a delay between them is a mistake of the caller', () => {
  const endless = { ...HORIZON, minimalBlockDelay: duration(0) };
  expect(() => withinHorizon(endless, level(1), instant(60_000))).toThrow(/a delay between them/);
});
