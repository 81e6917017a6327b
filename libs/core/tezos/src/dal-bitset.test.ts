import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDalBitset, writeDalBitset, type AttestedSlots } from './dal-bitset.ts';
import { TezosError } from './errors.ts';
import { codeOf } from './fixtures.ts';

const MAINNET = { numberOfSlots: 160, numberOfLags: 5 };
const slots = fc
  .uniqueArray(fc.nat(MAINNET.numberOfSlots - 1), { minLength: 1, maxLength: 12 })
  .map(each => each.toSorted((one, other) => one - other));
const attestations = fc
  .uniqueArray(fc.tuple(fc.nat(MAINNET.numberOfLags - 1), slots), { selector: ([lag]) => lag })
  .map(entries => new Map(entries.toSorted(([one], [other]) => one - other)));

describe('a DAL bitset of 025', () => {
  test('comes back as the slots that were written', () => {
    const property = fc.property(attestations, attested => {
      expect(readDalBitset(writeDalBitset(attested, MAINNET), MAINNET)).toEqual(attested);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test('is the same whatever the order of lags and slots', () => {
    const ordered = new Map([
      [0, [1, 20]],
      [3, [0, 159]],
    ]);
    const shuffled = new Map([
      [3, [159, 0]],
      [0, [20, 1]],
    ]);
    expect(writeDalBitset(shuffled, MAINNET)).toBe(writeDalBitset(ordered, MAINNET));
  });

  test('leaves out lags without slots', () => {
    expect(writeDalBitset(new Map([[2, []]]), MAINNET)).toBe(0n);
    expect(readDalBitset(0n, MAINNET)).toEqual(new Map());
  });

  test.each([
    ['a lag too high', new Map([[5, [0]]])],
    ['a negative lag', new Map([[-1, [0]]])],
    ['a slot too high', new Map([[0, [160]]])],
    ['a slot that is no whole number', new Map([[0, [0.5]]])],
  ] as const)('is not written for %s', (_, attested: AttestedSlots) => {
    expect(codeOf(() => writeDalBitset(attested, MAINNET))).toBe('out_of_range');
  });

  const lagZeroSlotZero = 0b1n | (0b11n << 5n);
  test.each([
    ['a negative number', -1n, 'out_of_range'],
    ['a chunk that is empty', 0b1n | (0b1n << 5n), 'not_canonical'],
    ['a last chunk without slots', 0b1n | (0b10n << 5n) | (0b1n << 13n), 'not_canonical'],
    ['a bit after the last chunk', lagZeroSlotZero | (1n << 13n), 'not_canonical'],
    ['bits for no lag', 1n << 5n, 'not_canonical'],
    ['chunks without an end', 0b1n | (0b10n << 5n), 'out_of_range'],
    ['a slot beyond the last', 0b1n | (1n << 189n) | (1n << 196n), 'out_of_range'],
  ] as const)('is refused with %s', (_, bitset, code) => {
    expect(codeOf(() => readDalBitset(bitset, MAINNET))).toBe(code);
  });

  test('is read from any number as slots that make the same number, or refused', () => {
    const property = fc.property(fc.bigInt({ min: -4n, max: 2n ** 64n }), bitset => {
      try {
        expect(writeDalBitset(readDalBitset(bitset, MAINNET), MAINNET)).toBe(bitset);
      } catch (error) {
        expect(error).toBeInstanceOf(TezosError);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
