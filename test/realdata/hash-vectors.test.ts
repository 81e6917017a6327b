import { expect } from 'vitest';
import type { BlockHash, OperationHash, Round } from '@meridian/tezos';
import { hashOperationListList, hashPayload } from '@meridian/tezos/hash';
import { checkEach, shared, testShared } from '../vectors/load.ts';
import type { NodeBlock } from './node-json.ts';

type PassesVector = {
  readonly what: string;
  readonly level: number;
  readonly expect: string;
  readonly operation_hashes: readonly (readonly OperationHash[])[];
};
type PayloadVector = {
  readonly level: number;
  readonly predecessor: BlockHash;
  readonly payload_round: Round;
  readonly operation_hashes: readonly OperationHash[];
  readonly expect: string;
};
type FileVector = {
  readonly level: number;
  readonly file: string;
  readonly expect_operations_hash: string;
  readonly expect_payload_hash: string;
};
type HashVector = PassesVector | PayloadVector | FileVector;

const FILE = 'realdata/hash_vectors.json';
const levelOf = ({ level }: HashVector): string => `level ${level}`;

testShared(FILE, 'the roots and payload hashes of real blocks', content => {
  checkEach(content as readonly HashVector[], 6, levelOf, vector => {
    if ('file' in vector) return;
    if ('predecessor' in vector) {
      const { predecessor, payload_round: round, operation_hashes: operations } = vector;
      expect(hashPayload(predecessor, round, operations)).toBe(vector.expect);
      return;
    }
    expect(vector.operation_hashes.length).toBe(4);
    expect(hashOperationListList(vector.operation_hashes)).toBe(vector.expect);
    const reordered = vector.operation_hashes.toReversed();
    expect(hashOperationListList(reordered)).not.toBe(vector.expect);
  });
});

testShared(FILE, 'both hashes of whole block files', content => {
  const inFiles = (content as readonly HashVector[]).filter(vector => 'file' in vector);
  expect(inFiles.length).toBe(3);
  // The third block is listed, but its file is not published.
  const recorded = inFiles.filter(({ file }) => shared(`realdata/${file}`) !== undefined);
  checkEach(recorded, 2, levelOf, vector => {
    const { header, operations } = shared(`realdata/${vector.file}`) as NodeBlock;
    const passes = operations.map(pass => pass.map(({ hash }) => hash));
    expect(hashOperationListList(passes)).toBe(vector.expect_operations_hash);
    const payload = passes.slice(1).flat();
    const { predecessor, payload_round: round } = header;
    expect(hashPayload(predecessor, round, payload)).toBe(vector.expect_payload_hash);
  });
});
