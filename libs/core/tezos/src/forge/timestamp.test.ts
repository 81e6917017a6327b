import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TezosError } from '../errors.ts';
import { secondsOfTimestamp, timestampOfSeconds } from './timestamp.ts';
import { codeOf } from '../fixtures.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
/** The range of years 0000 to 9999, in which times are dates. */
const FIRST = -62_167_219_200n;
const LAST = 253_402_300_799n;

describe('a timestamp', () => {
  test.each([
    [0n, '1970-01-01T00:00:00Z'],
    [-1n, '1969-12-31T23:59:59Z'],
    [1_719_756_015n, '2024-06-30T14:00:15Z'],
    [951_782_400n, '2000-02-29T00:00:00Z'],
    [951_868_800n, '2000-03-01T00:00:00Z'],
    [4_107_542_399n, '2100-02-28T23:59:59Z'],
    [4_107_542_400n, '2100-03-01T00:00:00Z'],
    [1_709_164_800n, '2024-02-29T00:00:00Z'],
    [1_735_689_599n, '2024-12-31T23:59:59Z'],
    [2_147_483_648n, '2038-01-19T03:14:08Z'],
    [FIRST, '0000-01-01T00:00:00Z'],
    [FIRST + 59n * 86_400n, '0000-02-29T00:00:00Z'],
    [-2_208_988_801n, '1899-12-31T23:59:59Z'],
    [LAST, '9999-12-31T23:59:59Z'],
    [FIRST - 1n, '-62167219201'],
    [LAST + 1n, '253402300800'],
    [INT64_MIN, '-9223372036854775808'],
    [INT64_MAX, '9223372036854775807'],
  ])('of %d seconds is %s', (seconds, text) => {
    expect(timestampOfSeconds(seconds)).toBe(text);
    expect(secondsOfTimestamp(text)).toBe(seconds);
  });

  test('comes back over the whole range of 64 bits', () => {
    const property = fc.property(fc.bigInt({ min: INT64_MIN, max: INT64_MAX }), seconds => {
      expect(secondsOfTimestamp(timestampOfSeconds(seconds))).toBe(seconds);
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('of a year with four digits is what the calendar of the platform says', () => {
    const property = fc.property(fc.bigInt({ min: FIRST, max: LAST }), seconds => {
      const text = new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
      expect(timestampOfSeconds(seconds)).toBe(text);
      expect(secondsOfTimestamp(text)).toBe(seconds);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test.each([
    '',
    '0',
    '-0',
    '00',
    '1719756015',
    '+253402300800',
    '0253402300800',
    ' 253402300800',
    '2024-06-30',
    '2024-06-30T14:00:15',
    '2024-06-30T14:00:15z',
    '2024-06-30t14:00:15Z',
    '2024-06-30 14:00:15Z',
    '2024-06-30T14:00:15.0Z',
    '2024-06-30T14:00:15+00:00',
    '2024-06-31T14:00:15Z',
    '2023-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:60Z',
    '12024-01-01T00:00:00Z',
    '-024-01-01T00:00:00Z',
    '٢٠٢٤-01-01T00:00:00Z',
    '9'.repeat(20),
    '1e12',
    '\ud800',
  ])('is not %j', text => {
    expect(codeOf(() => secondsOfTimestamp(text))).toBe('bad_text');
  });

  test.each(['9223372036854775808', '-9223372036854775809', '9999999999999999999'])(
    'is not %s, which has more than 64 bits',
    text => {
      expect(codeOf(() => secondsOfTimestamp(text))).toBe('out_of_range');
    },
  );

  test('of any text is refused, or the text of the seconds it stands for', () => {
    const digits = fc.string({
      unit: fc.constantFrom(...Array.from('0123456789-:TZ')),
      maxLength: 24,
    });
    const property = fc.property(digits, text => {
      try {
        expect(timestampOfSeconds(secondsOfTimestamp(text))).toBe(text);
      } catch (error) {
        expect(error).toBeInstanceOf(TezosError);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });
});
