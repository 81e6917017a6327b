import { describe, expect, test } from 'vitest';
import { readDalBitset, toHex, writeDalBitset } from '@meridian/tezos';
import { encode, unsignedVote } from '@meridian/tezos/forge';
import { checkEach, vectors } from './load.ts';

type BitsetVector = {
  readonly number_of_lags: number;
  readonly number_of_slots: number;
  readonly attested_by_lag_index: Readonly<Record<string, readonly number[]>>;
  readonly bitset_decimal: string;
  readonly binary_encoding_hex: string;
};

const all = (vectors('dal_bitset_025') as { vectors: readonly BitsetVector[] }).vectors;
const nameOf = ({ bitset_decimal }: BitsetVector): string => bitset_decimal;

function shapeOf(vector: BitsetVector): { numberOfSlots: number; numberOfLags: number } {
  return { numberOfSlots: vector.number_of_slots, numberOfLags: vector.number_of_lags };
}

describe('dal_bitset_025.json', () => {
  test('slots are written as the bitset given and read back', () => {
    checkEach(all, 4, nameOf, vector => {
      const entries = Object.entries(vector.attested_by_lag_index);
      const attested = new Map(entries.map(([lag, slots]) => [Number(lag), slots]));
      const shape = shapeOf(vector);
      expect(writeDalBitset(attested, shape).toString()).toBe(vector.bitset_decimal);
      expect(readDalBitset(BigInt(vector.bitset_decimal), shape)).toEqual(attested);
    });
  });

  test('the bitset ends an attestation with the bytes given', () => {
    checkEach(all, 4, nameOf, vector => {
      const bytes = encode(unsignedVote, {
        branch: 'BLockGenesisGenesisGenesisGenesisGenesisCCCCCeZiLHU',
        contents: [
          {
            kind: 'attestation_with_dal',
            slot: 0,
            level: 1,
            round: 0,
            block_payload_hash: 'vh1g87ZG6scSYxKhspAUzprQVuLAyoa5qMBKcUfjgnQGnFb3dJcG',
            dal_attestation: vector.bitset_decimal,
          },
        ],
      });
      expect(toHex(bytes.subarray(75))).toBe(vector.binary_encoding_hex);
    });
  });
});
