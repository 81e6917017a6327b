import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '@meridian/tezos';
import type { BlockHash, ChainId, OperationHash, Round } from '@meridian/tezos';
import {
  blake2b256,
  hashBlock,
  hashOperationList,
  hashOperationListList,
  hashPayload,
  proofOfWorkStamp,
} from '@meridian/tezos/hash';
import { blockHeader, blockSignBytes, decode, encode } from '@meridian/tezos/forge';
import { readSignBytes, unsignedBlockHeader } from '@meridian/tezos/forge';
import { protocolOf } from './codec.ts';
import { checkEach, vectors } from './load.ts';

type ListVector = {
  readonly id: string;
  readonly operation_hashes: readonly OperationHash[];
  readonly operation_list_hash: string;
  readonly predecessor: BlockHash;
  readonly payload_round: Round;
  readonly block_payload_hash: string;
};
type PassesVector = {
  readonly id: string;
  readonly passes: readonly (readonly OperationHash[])[];
  readonly operation_list_hashes: readonly string[];
  readonly operation_list_list_hash: string;
};
type Hashes = {
  readonly anchors_empty_passes: Readonly<Record<string, string>>;
  readonly empty_operation_list_hash: string;
  readonly real_block: {
    readonly json: { readonly chain_id: ChainId };
    readonly unsigned_hex: string;
    readonly signed_hex: string;
    readonly block_hash: string;
    readonly pow: {
      readonly zero_signature_hash_hex: string;
      readonly first_8_bytes_be_uint64: string;
      readonly threshold: string;
    };
    readonly signing_payload_hex: string;
  };
  readonly vectors: readonly (ListVector | PassesVector)[];
};

const hashes = vectors('hashes') as Hashes;
const lists = hashes.vectors.filter(vector => 'operation_hashes' in vector);
const passes = hashes.vectors.filter(vector => 'passes' in vector);

describe('hashes.json', () => {
  test('has only vectors that these tests know', () => {
    expect(lists.length + passes.length).toBe(hashes.vectors.length);
  });

  test('the root over a list of operations, and the payload hash that names it', () => {
    checkEach(
      lists,
      9,
      ({ id }) => id,
      vector => {
        expect(hashOperationList(vector.operation_hashes)).toBe(vector.operation_list_hash);
        const { predecessor, payload_round: round, operation_hashes: operations } = vector;
        expect(hashPayload(predecessor, round, operations)).toBe(vector.block_payload_hash);
      },
    );
  });

  test('the root over the lists of all passes', () => {
    checkEach(
      passes,
      1,
      ({ id }) => id,
      vector => {
        expect(vector.passes.map(hashOperationList)).toEqual(vector.operation_list_hashes);
        expect(hashOperationListList(vector.passes)).toBe(vector.operation_list_list_hash);
      },
    );
  });

  test('empty passes have the roots that the sources of Octez give', () => {
    const anchors = Object.entries(hashes.anchors_empty_passes);
    checkEach(
      anchors,
      4,
      ([count]) => `${count} passes`,
      ([count, root]) => {
        const empty = Array.from({ length: Number(count) }, () => []);
        expect(hashOperationListList(empty)).toBe(root);
      },
    );
    expect(hashOperationList([])).toBe(hashes.empty_operation_list_hash);
  });
});

describe('the real ghostnet block of hashes.json', () => {
  const { json, unsigned_hex, signed_hex, block_hash, pow, signing_payload_hex } =
    hashes.real_block;
  const { chain_id: chainId, ...header } = json;
  const protocol = protocolOf('014');

  test('is forged to its bytes and has its hash', () => {
    const signed = encode(blockHeader(protocol), header);
    expect(toHex(signed)).toBe(signed_hex);
    expect(hashBlock(signed)).toBe(block_hash);
    expect(decode(blockHeader(protocol), signed)).toEqual(header);
  });

  test('has the proof of work of its hash with a signature of zeros', () => {
    const unsigned = fromHex(unsigned_hex);
    const stamp = proofOfWorkStamp(unsigned);
    expect(stamp.toString()).toBe(pow.first_8_bytes_be_uint64);
    expect(stamp <= BigInt(pow.threshold)).toBe(true);
    const zeros = Uint8Array.of(...unsigned, ...new Uint8Array(64));
    expect(toHex(blake2b256(zeros))).toBe(pow.zero_signature_hash_hex);
  });

  test('is signed over its watermark, its chain and its unsigned bytes', () => {
    const unsigned = decode(unsignedBlockHeader(protocol), fromHex(unsigned_hex));
    const bytes = blockSignBytes(chainId, encode(unsignedBlockHeader(protocol), unsigned));
    expect(toHex(bytes)).toBe(signing_payload_hex);
    expect(readSignBytes(bytes)).toMatchObject({
      kind: 'block',
      chainId,
      level: 1652473,
      round: 0,
    });
  });
});
