import { expect, test } from 'vitest';
import type { Expectation } from './cells.ts';
import { whyNot } from './judge.ts';

const FINE = {
  ...{ rights: 100, published: 100, missed: 0, missedLevels: [], wrongVotes: 0, doubleSigns: 0 },
  ...{ addedDelayMs: { count: 200, p50: 0, p99: 4, max: 25 }, broken: null },
};
const MISSED = { ...FINE, published: 60, missed: 40, missedLevels: [24, 25] };
const LATE = { ...FINE, addedDelayMs: { count: 200, p50: 0, p99: 4, max: 26 } };
const EXPECTATIONS: readonly Expectation[] = ['all', 'right', 'agreed', 'abstains'];

test.each([
  ['all', FINE, null],
  ['all', MISSED, '40 rights missed'],
  ['all', { ...FINE, published: 99 }, '1 votes not published'],
  ['all', LATE, 'a vote was 26 ms late'],
  ['right', MISSED, null],
  ['right', LATE, null],
  ['agreed', MISSED, null],
  ['agreed', { ...MISSED, missedLevels: [23, 24] }, 'level 23 missed under agreed rights'],
  ['agreed', FINE, 'no vote was missing'],
  ['abstains', MISSED, null],
  ['abstains', FINE, 'no vote was missing'],
] as const)('expecting %s of %j: %s', (expects, seen, why) => {
  expect(whyNot(expects, seen)).toBe(why);
});

test.each(EXPECTATIONS)('whatever is expected, %s too, nothing may be wrong', expects => {
  expect(whyNot(expects, { ...MISSED, wrongVotes: 2, broken: 'a vote' })).toMatch(/^2 wrong votes/);
  expect(whyNot(expects, { ...MISSED, doubleSigns: 1 })).toBe('1 double signatures');
  expect(whyNot(expects, { ...MISSED, broken: 'missed for no reason' })).toMatch(/no reason/);
  expect(whyNot(expects, { ...FINE, rights: 0 })).toBe('no right was judged');
});
