import { LocalForger } from '@taquito/local-forging';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase58, toHex } from '@meridian/tezos';
import { encode, unsignedVote } from '@meridian/tezos/forge';
import { testShared } from '../vectors/load.ts';

/** An implementation of the wire format that shares no code with ours. */
const oracle = new LocalForger();

async function theirBytes(operation: unknown): Promise<string> {
  return oracle.forge(operation as Parameters<LocalForger['forge']>[0]);
}

const int31 = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const voteFields = fc.record({
  slot: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
  level: int31,
  round: int31,
  block_payload_hash: hash.map(bytes => toBase58('payloadHash', bytes)),
});
const branches = hash.map(bytes => toBase58('blockHash', bytes));

describe('@taquito/local-forging 25', () => {
  test('makes the same bytes of an attestation', async () => {
    const property = fc.asyncProperty(branches, voteFields, async (branch, fields) => {
      const operation = { branch, contents: [{ kind: 'attestation', ...fields }] };
      const theirs = await theirBytes(operation);
      expect(toHex(encode(unsignedVote, operation))).toBe(theirs);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  test('makes the same bytes of an attestation with DAL content below 64', async () => {
    const bitset = fc.integer({ min: 0, max: 63 }).map(String);
    const property = fc.asyncProperty(branches, voteFields, bitset, async (branch, fields, dal) => {
      const content = { kind: 'attestation_with_dal', ...fields, dal_attestation: dal };
      const operation = { branch, contents: [content] };
      const theirs = await theirBytes(operation);
      expect(toHex(encode(unsignedVote, operation))).toBe(theirs);
    });
    await fc.assert(property, { numRuns: 100 });
  });

  test('makes other bytes from 64 on: an upstream fix turns this test red', async () => {
    const bitset = fc.bigInt({ min: 64n, max: 2n ** 128n }).map(String);
    const property = fc.asyncProperty(branches, voteFields, bitset, async (branch, fields, dal) => {
      const content = { kind: 'attestation_with_dal', ...fields, dal_attestation: dal };
      const operation = { branch, contents: [content] };
      const theirs = await theirBytes(operation);
      expect(toHex(encode(unsignedVote, operation))).not.toBe(theirs);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  test.each(['preattestation', 'preattestations_aggregate', 'attestations_aggregate'])(
    'does not know %s: an upstream addition turns this test red',
    async kind => {
      const operation = {
        branch: 'BLockGenesisGenesisGenesisGenesisGenesisCCCCCeZiLHU',
        contents: [{ kind, slot: 0, level: 1, round: 0 }],
      };
      await expect(theirBytes(operation)).rejects.toThrow(kind);
    },
  );
});

type Sample = { readonly name: string; readonly json: object; readonly hex: string };

testShared(
  'vectors/encodings_upstream_consensus.json',
  'the sample of an attestation with DAL content is what this lib makes, and Taquito does not',
  async content => {
    const { vectors } = content as { vectors: readonly Sample[] };
    const samples = vectors.filter(
      ({ name }) => name === 'operation.unsigned-attestation-with-dal',
    );
    expect(samples.length).toBe(4);
    for (const { json, hex } of samples) {
      expect(toHex(encode(unsignedVote, json))).toBe(hex);
      expect(await theirBytes(json)).not.toBe(hex);
    }
  },
);
