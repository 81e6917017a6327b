import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TezosError } from './errors.ts';
import { compareFitness, readFitness, writeFitness, type Fitness } from './fitness.ts';
import type { Level, Round } from './numbers.ts';
import { codeOf } from './fixtures.ts';

const INT31_MAX = 2 ** 31 - 1;
const int31 = fc.integer({ min: 0, max: INT31_MAX });
const fitness = fc
  .record({ level: int31, predecessorRound: int31, round: int31, locked: fc.option(fc.nat()) })
  .map(({ level, predecessorRound, round, locked }): Fitness => {
    const lockedRound = locked === null || round === 0 ? null : locked % round;
    return { level, predecessorRound, round, lockedRound } as Fitness;
  });
/** Small numbers, so that fitnesses share their first fields and differ in a later one. */
const near = fc
  .record({ level: fc.nat(1), predecessorRound: fc.nat(2), round: fc.nat(3), locked: fc.nat(4) })
  .map(({ level, predecessorRound, round, locked }): Fitness => {
    const lockedRound = locked < round ? locked : null;
    return { level, predecessorRound, round, lockedRound } as Fitness;
  });

/** The order of fitness_repr.ml, said a second time: a higher predecessor round loses. */
function order(left: Fitness, right: Fitness): number {
  const lock = ({ lockedRound }: Fitness): number => lockedRound ?? -1;
  return (
    left.level - right.level ||
    lock(left) - lock(right) ||
    right.predecessorRound - left.predecessorRound ||
    left.round - right.round
  );
}

describe('a fitness', () => {
  test('comes back from its byte strings', () => {
    const property = fc.property(fitness, each => {
      expect(readFitness(writeFitness(each))).toEqual(each);
    });
    fc.assert(property);
  });

  test('is written as the specification shows it', () => {
    const written = writeFitness({
      level: 1652473 as Level,
      lockedRound: null,
      predecessorRound: 0 as Round,
      round: 0 as Round,
    });
    expect(written).toEqual(['02', '001936f9', '', 'ffffffff', '00000000']);
  });

  test('is preferred by level, lock, lower predecessor round and round, in this order', () => {
    const property = fc.property(near, near, (left, right) => {
      const found = compareFitness(writeFitness(left), writeFitness(right));
      expect(Math.sign(found)).toBe(Math.sign(order(left, right)));
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test('of a longer list wins, whatever it says', () => {
    const tenderbake = writeFitness(fc.sample(fitness, 1)[0]!);
    expect(compareFitness(tenderbake, ['01', '00000000000fffff'])).toBeGreaterThan(0);
    expect(compareFitness([], tenderbake)).toBeLessThan(0);
    expect(compareFitness([], [])).toBe(0);
    // A longer byte string wins over a greater one.
    expect(compareFitness(['01', '0000'], ['01', 'ff'])).toBeGreaterThan(0);
    expect(compareFitness(['01', ''], ['01', '00'])).toBeLessThan(0);
  });

  test('is the same in either case of its letters', () => {
    const lower = ['02', '000000ab', '', 'ffffffff', '00000000'];
    const upper = lower.map(text => text.toUpperCase());
    expect(compareFitness(lower, upper)).toBe(0);
    expect(readFitness(upper)).toEqual(readFitness(lower));
  });

  test.each([0, 1, 7])('with a lock at its round %i is refused both ways', round => {
    const bad = { level: 1, lockedRound: round, predecessorRound: 0, round } as Fitness;
    expect(codeOf(() => writeFitness(bad))).toBe('out_of_range');
    const number = round.toString(16).padStart(8, '0');
    const raw = ['02', '00000001', number, 'ffffffff', number];
    expect(codeOf(() => readFitness(raw))).toBe('out_of_range');
  });

  test.each([
    [[], 'unknown_kind'],
    [['01', '00000000000fffff'], 'unknown_kind'],
    [['02', '00000001', '', 'ffffffff'], 'unknown_kind'],
    [['02', '00000001', '', 'ffffffff', '00000000', ''], 'unknown_kind'],
    [['01', '00000001', '', 'ffffffff', '00000000'], 'unknown_kind'],
    [['0002', '00000001', '', 'ffffffff', '00000000'], 'unknown_kind'],
    [['02', '0000000001', '', 'ffffffff', '00000000'], 'unknown_kind'],
    [['02', '000001', '', 'ffffffff', '00000000'], 'unknown_kind'],
    [['02', '', '', 'ffffffff', '00000000'], 'unknown_kind'],
    [['02', '00000001', '00', 'ffffffff', '00000001'], 'unknown_kind'],
    [['02', '00000001', '', '', '00000000'], 'unknown_kind'],
    [['02', '00000001', '', 'ffffffff', ''], 'unknown_kind'],
    [['02', '0000001', '', 'ffffffff', '00000000'], 'bad_text'],
    [['02', '0000000g', '', 'ffffffff', '00000000'], 'bad_text'],
    [['02', '80000000', '', 'ffffffff', '00000000'], 'out_of_range'],
    [['02', '00000001', 'ffffffff', 'ffffffff', '00000000'], 'out_of_range'],
    [['02', '00000001', '', '00000000', '00000000'], 'out_of_range'],
    [['02', '00000001', '', '7fffffff', '00000000'], 'out_of_range'],
    [['02', '00000001', '', 'ffffffff', '80000000'], 'out_of_range'],
  ])('%j is refused', (raw, code) => {
    expect(codeOf(() => readFitness(raw))).toBe(code);
  });

  test('of any byte strings is either refused or written back as the same strings', () => {
    const element = fc.oneof(
      fc.constantFrom('', '02', '00000000', '00000001', '7fffffff', 'ffffffff', '80000000'),
      fc.string({ maxLength: 8 }),
    );
    const property = fc.property(fc.array(element, { maxLength: 6 }), raw => {
      try {
        expect(writeFitness(readFitness(raw))).toEqual(raw.map(text => text.toLowerCase()));
      } catch (error) {
        expect(error).toBeInstanceOf(TezosError);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });
});
