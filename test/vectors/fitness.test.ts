import { expect } from 'vitest';
import { compareFitness, readFitness, TezosError, toHex, writeFitness } from '@meridian/tezos';
import type { Level, RawFitness, Round } from '@meridian/tezos';
import { encode, shellHeader } from '@meridian/tezos/forge';
import { checkEach, testShared } from './load.ts';

type Tuple = {
  readonly level: Level;
  readonly locked_round: Round | null;
  readonly predecessor_round: Round;
  readonly round: Round;
};
type Fitnesses = {
  readonly vectors: readonly (Tuple & { readonly raw: RawFitness; readonly wire_hex: string })[];
  readonly ascending_order: readonly RawFitness[];
  readonly invalid_locked_round_ge_round: readonly Tuple[];
};

const FILE = 'vectors/fitness.json';
/** Where the fitness stands in a shell header: after level, proto, predecessor, time, pass, operations. */
const FITNESS_OFFSET = 4 + 1 + 32 + 8 + 1 + 32;

function fitnessOf(tuple: Tuple): ReturnType<typeof readFitness> {
  return {
    level: tuple.level,
    lockedRound: tuple.locked_round,
    predecessorRound: tuple.predecessor_round,
    round: tuple.round,
  };
}

testShared(FILE, 'a fitness is written as byte strings and read back', content => {
  checkEach(
    (content as Fitnesses).vectors,
    7,
    ({ wire_hex }) => wire_hex,
    vector => {
      expect(writeFitness(fitnessOf(vector))).toEqual(vector.raw);
      expect(readFitness(vector.raw)).toEqual(fitnessOf(vector));
    },
  );
});

testShared(FILE, 'a header carries these bytes', content => {
  checkEach(
    (content as Fitnesses).vectors,
    7,
    ({ wire_hex }) => wire_hex,
    vector => {
      const bytes = encode(shellHeader, {
        level: vector.level,
        proto: 1,
        predecessor: 'BLockGenesisGenesisGenesisGenesisGenesisCCCCCeZiLHU',
        timestamp: '2026-01-01T00:00:00Z',
        validation_pass: 4,
        operations_hash: 'LLoa7bxRTKaQN2bLYoitYB6bU2DvLnBAqrVjZcvJ364cTcX2PZYKU',
        fitness: vector.raw,
        context: 'CoUvpF8XBUfz3w9CJumt4ZKGZkrcdcfs1Qdrrd1ZeFij64E1QCud',
      });
      const end = FITNESS_OFFSET + vector.wire_hex.length / 2;
      expect(toHex(bytes.subarray(FITNESS_OFFSET, end))).toBe(vector.wire_hex);
    },
  );
});

testShared(FILE, 'the order is the order of the list, for every pair', content => {
  const ascending = (content as Fitnesses).ascending_order;
  expect(ascending.length).toBeGreaterThanOrEqual(7);
  for (const [at, left] of ascending.entries()) {
    for (const [other, right] of ascending.entries()) {
      expect(Math.sign(compareFitness(left, right))).toBe(Math.sign(at - other));
    }
  }
});

testShared(FILE, 'a lock at or above the round is refused', content => {
  const invalid = (content as Fitnesses).invalid_locked_round_ge_round;
  checkEach(
    invalid,
    4,
    tuple => JSON.stringify(tuple),
    tuple => {
      const refused = expect.objectContaining({ code: 'out_of_range' }) as unknown;
      expect(codeOf(() => writeFitness(fitnessOf(tuple)))).toEqual(refused);
      const raw = [
        ...writeFitness({ ...fitnessOf(tuple), lockedRound: null }).slice(0, 2),
        ...writeFitness({ ...fitnessOf(tuple), round: 100 as Round }).slice(2, 4),
        ...writeFitness({ ...fitnessOf(tuple), lockedRound: null }).slice(4),
      ];
      expect(codeOf(() => readFitness(raw))).toEqual(refused);
    },
  );
});

function codeOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof TezosError) return { code: error.code };
    throw error;
  }
}
