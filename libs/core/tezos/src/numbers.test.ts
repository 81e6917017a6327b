import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TezosError } from './errors.ts';
import { level, round, slot, whole } from './numbers.ts';
import { codeOf } from './fixtures.ts';

const INT31_MAX = 2 ** 31 - 1;
const RANGES = [
  { name: 'level', make: level, max: INT31_MAX },
  { name: 'round', make: round, max: INT31_MAX },
  { name: 'slot', make: slot, max: 65_535 },
];
/** Values that JSON, or code with a slip, may hand over in place of a number. */
const NO_NUMBERS = [
  ...[undefined, null, true, '', '1', 'one', 1n, Symbol('x'), () => 1],
  ...[{}, { toString: () => '1' }, [], [1], Object.create(null) as unknown, new Date(0)],
] as readonly unknown[];

describe.each(RANGES)('a $name', ({ name, make, max }) => {
  test('is a whole number of its range', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max }), value => make(value) === value));
    expect(make(0)).toBe(0);
    expect(make(max)).toBe(max);
  });

  test.each([-1, max + 1, -(2 ** 31), 2 ** 53, 1e21, -1e300])('is not %d', value => {
    expect(codeOf(() => make(value))).toBe('out_of_range');
  });

  test.each([0.5, NaN, Infinity, -Infinity, 1e-7])('is not %d, which is no whole number', value => {
    expect(codeOf(() => make(value))).toBe('bad_type');
  });

  test.each(NO_NUMBERS)('is not what is no number at all (%#)', value => {
    expect(codeOf(() => make(value))).toBe('bad_type');
  });

  test('is 0, not -0, when asked for -0', () => {
    expect(make(-0)).toBe(0);
  });

  test('is named by its error', () => {
    expect(() => make(-1)).toThrow(`-1 is not in 0 to ${max}, the range of a ${name}`);
    expect(() => make('7')).toThrow(`a ${name} is a whole number, not "7"`);
  });
});

test('an error about a number is short and is made of anything', () => {
  let deep: unknown = [];
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  for (const value of [deep, 'x'.repeat(1_000_000), 10n ** 1000n, fc.sample(fc.anything(), 1)[0]]) {
    try {
      whole('a number', value, 1);
    } catch (error) {
      expect(error).toBeInstanceOf(TezosError);
      expect((error as TezosError).message.length).toBeLessThan(120);
    }
  }
});
