import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase58, toBase58 } from '../base58.ts';
import type { BlockHash, OperationHash } from '../base58-kinds.ts';
import { toHex } from '../hex.ts';
import type { Round } from '../numbers.ts';
import { blake2b256 } from './blake2b.ts';
import { hashOperationList, hashOperationListList, hashPayload } from './hashes.ts';
import { hashBlock, hashOperation, proofOfWorkStamp } from './hashes.ts';

const operations = (count: number): OperationHash[] =>
  Array.from({ length: count }, (_, at) => hashOperation(Uint8Array.of(at)));

/** The root as the specification words it: leaves filled up to a power of two with the last one. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return blake2b256(new Uint8Array());
  const width = 2 ** Math.ceil(Math.log2(leaves.length));
  let row = Array.from({ length: width }, (_, at) => blake2b256(leaves[at] ?? leaves.at(-1)!));
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, at) =>
      blake2b256(Uint8Array.of(...row[2 * at]!, ...row[2 * at + 1]!)),
    );
  }
  return row[0]!;
}

describe('the root over operations', () => {
  test('is that of the specification for 0 to 40 operations', () => {
    for (let count = 0; count <= 40; count++) {
      const list = operations(count);
      const expected = rootOf(list.map(hash => fromBase58('operationHash', hash)));
      expect(toHex(fromBase58('operationListHash', hashOperationList(list)))).toBe(toHex(expected));
    }
  });

  test('over passes is the root over their roots', () => {
    const passes = [3, 0, 1, 7].map(operations);
    const roots = passes.map(pass => fromBase58('operationListHash', hashOperationList(pass)));
    const found = fromBase58('operationListListHash', hashOperationListList(passes));
    expect(toHex(found)).toBe(toHex(rootOf(roots)));
  });

  test('changes with any operation and with their order', () => {
    const property = fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(), (count, at) => {
      const list = operations(count);
      const other = list.with(at % count, hashOperation(Uint8Array.of(99)));
      const found = [list, other, list.toReversed(), list.slice(1)].map(hashOperationList);
      expect(new Set(found).size).toBe(4);
    });
    fc.assert(property, { numRuns: 30 });
  });
});

test('a payload hash covers predecessor, round and operations', () => {
  const predecessor = hashBlock(Uint8Array.of(1));
  const other = hashBlock(Uint8Array.of(2));
  const hash = (before: BlockHash, round: number, count: number) =>
    hashPayload(before, round as Round, operations(count));
  const found = [
    hash(predecessor, 0, 2),
    hash(other, 0, 2),
    hash(predecessor, 1, 2),
    hash(predecessor, 0, 3),
  ];
  expect(new Set(found).size).toBe(4);
  const root = rootOf([]);
  const bytes = Uint8Array.of(
    ...fromBase58('blockHash', predecessor),
    0x7f,
    0xff,
    0xff,
    0xff,
    ...root,
  );
  expect(hash(predecessor, 2 ** 31 - 1, 0)).toBe(toBase58('payloadHash', blake2b256(bytes)));
});

test('a stamp is the first eight bytes of a hash, without a sign', () => {
  const header = Uint8Array.from({ length: 180 }, (_, at) => at);
  for (let first = 0; first < 32; first++) {
    const unsigned = header.with(0, first);
    const hash = blake2b256(Uint8Array.of(...unsigned, ...new Uint8Array(64)));
    expect(proofOfWorkStamp(unsigned)).toBe(BigInt(`0x${toHex(hash.subarray(0, 8))}`));
  }
});
