import { describe, expect, test } from 'vitest';
import { fromHex, readFitness, toHex } from '@meridian/tezos';
import { blake2b256, hashBlock, hashOperation } from '@meridian/tezos/hash';
import { decode, encode } from '@meridian/tezos/forge';
import { encodingOf, protocolOf, withGenericSignatures } from './codec.ts';
import { checkEach, testShared, vectors } from './load.ts';

type Sample = {
  readonly id: string;
  readonly protocol: string;
  readonly encoding: string;
  readonly json: object;
  readonly hex: string;
  readonly operation_hash?: string;
  readonly block_hash?: string;
  readonly hash_with_zero_signature_hex?: string;
  readonly fitness_decoded?: FitnessJson;
};
type FitnessJson = {
  readonly level: number;
  readonly locked_round: number | null;
  readonly predecessor_round: number;
  readonly round: number;
};

const SIGNATURE_LENGTH = 64;
const generated = (vectors('encodings_generated') as { vectors: readonly Sample[] }).vectors;

/** Both ways, under every protocol that the sample is for. */
function checkBothWays(sample: Sample): void {
  const numbers = sample.protocol.replace(/ .*/, '').split(',');
  for (const number of numbers) {
    const encoding = encodingOf(sample.encoding, protocolOf(number));
    if (encoding === undefined) throw new Error(`no encoding ${sample.encoding}`);
    expect(toHex(encode(encoding, sample.json)), number).toBe(sample.hex);
    const decoded = decode(encoding, fromHex(sample.hex));
    expect(decoded, number).toEqual(withGenericSignatures(sample.json));
    expect(toHex(encode(encoding, decoded)), number).toBe(sample.hex);
  }
}

testShared(
  'vectors/encodings_upstream_consensus.json',
  'every sample is encoded to its bytes and read back',
  content => {
    const samples = (content as { vectors: readonly Sample[] }).vectors;
    checkEach(samples, 44, ({ id }) => id, checkBothWays);
  },
);

describe('encodings_generated.json', () => {
  test('every sample is encoded to its bytes and read back', () => {
    checkEach(generated, 30, ({ id }) => id, checkBothWays);
  });

  test('operations have the hashes given', () => {
    const samples = generated.filter(sample => sample.operation_hash !== undefined);
    checkEach(
      samples,
      8,
      ({ id }) => id,
      sample => {
        expect(hashOperation(fromHex(sample.hex))).toBe(sample.operation_hash);
      },
    );
  });

  test('headers have the hashes given, with their signature and with zeros in its place', () => {
    const samples = generated.filter(sample => sample.block_hash !== undefined);
    checkEach(
      samples,
      3,
      ({ id }) => id,
      sample => {
        const bytes = fromHex(sample.hex);
        expect(hashBlock(bytes)).toBe(sample.block_hash);
        const zeros = Uint8Array.of(
          ...bytes.subarray(0, -SIGNATURE_LENGTH),
          ...new Uint8Array(SIGNATURE_LENGTH),
        );
        expect(toHex(blake2b256(zeros))).toBe(sample.hash_with_zero_signature_hex);
      },
    );
  });

  test('headers carry the fitness given', () => {
    const samples = generated.filter(sample => sample.fitness_decoded !== undefined);
    checkEach(
      samples,
      3,
      ({ id }) => id,
      ({ json, fitness_decoded: expected }) => {
        const fitness = readFitness((json as { fitness: readonly string[] }).fitness);
        expect({
          level: fitness.level,
          locked_round: fitness.lockedRound,
          predecessor_round: fitness.predecessorRound,
          round: fitness.round,
        }).toEqual(expected);
      },
    );
  });
});
