import { expect } from 'vitest';
import { readFitness } from '@meridian/tezos';
import {
  hashBlock,
  hashOperation,
  hashOperationListList,
  hashPayload,
  proofOfWorkStamp,
} from '@meridian/tezos/hash';
import { publicKeyHashOf, verify } from '@meridian/tezos/crypto';
import { blockHeader, blockSignBytes, decode, encode } from '@meridian/tezos/forge';
import { signedOperation, unsignedBlockHeader } from '@meridian/tezos/forge';
import { voteModeOf, voteSignBytes, type Unsigned, type Vote } from '@meridian/tezos/forge';
import { protocolOfHash } from '../vectors/codec.ts';
import { checkEach, shared, testShared } from '../vectors/load.ts';
import { flipped, forgeable, isConsensus, without } from './node-json.ts';
import type { KeyTable, NodeBlock, NodeOperation } from './node-json.ts';

/** The blocks, and what there must be at least in each. */
const BLOCKS = [
  { file: 'realdata/block_mainnet_5941097.json', votes: 182, signed: 23, headerKey: false },
  { file: 'realdata/block_mainnet_5941098.json', votes: 180, signed: 23, headerKey: true },
];
const KEYS_FILE = 'realdata/block_mainnet_keys.json';
const MAINNET_THRESHOLD = 2n ** 48n - 1n;
const hashOf = ({ hash }: NodeOperation): string => hash;

function keyTable(): KeyTable {
  return (shared(KEYS_FILE) as { keys: KeyTable } | undefined)?.keys ?? {};
}

function unsignedHeader({ header, protocol }: NodeBlock): Uint8Array {
  return encode(unsignedBlockHeader(protocolOfHash(protocol)), without(header, 'signature'));
}

function votesOf({ operations }: NodeBlock): readonly NodeOperation[] {
  return (operations[0] ?? []).filter(isConsensus);
}

testShared(KEYS_FILE, 'every key has its address', content => {
  const entries = Object.entries((content as { keys: KeyTable }).keys);
  checkEach(
    entries,
    30,
    ([address]) => address,
    ([address, key]) => {
      expect(publicKeyHashOf(key!.public_key)).toBe(address);
    },
  );
});

for (const { file, votes, signed, headerKey } of BLOCKS) {
  testShared(file, 'the header is forged to the bytes of the block hash', content => {
    const block = content as NodeBlock;
    const encoding = blockHeader(protocolOfHash(block.protocol));
    const bytes = encode(encoding, block.header);
    expect(hashBlock(bytes)).toBe(block.hash);
    expect(decode(encoding, bytes)).toEqual(block.header);
    expect(readFitness(block.header.fitness)).toMatchObject({
      level: block.header.level,
      round: 0,
    });
    expect(proofOfWorkStamp(unsignedHeader(block))).toBeLessThanOrEqual(MAINNET_THRESHOLD);
  });

  testShared(
    file,
    'the header names the operations of all passes and the payload of the last three',
    content => {
      const { header, operations } = content as NodeBlock;
      const passes = operations.map(pass => pass.map(({ hash }) => hash));
      expect(passes.length).toBe(4);
      expect(hashOperationListList(passes)).toBe(header.operations_hash);
      const payload = passes.slice(1).flat();
      expect(payload.length).toBeGreaterThanOrEqual(1);
      const { predecessor, payload_round: round } = header;
      expect(hashPayload(predecessor, round, payload)).toBe(header.payload_hash);
      expect(hashPayload(predecessor, round, payload.slice(1))).not.toBe(header.payload_hash);
    },
  );

  testShared(file, 'the header is signed by its baker, where the key is known', content => {
    const block = content as NodeBlock;
    const baker = keyTable()[block.metadata.baker_consensus_key ?? ''];
    expect(baker !== undefined).toBe(headerKey);
    if (baker === undefined) return;
    const payload = blockSignBytes(block.chain_id, unsignedHeader(block));
    expect(verify(baker.public_key, block.header.signature, payload)).toBe(true);
    expect(verify(baker.public_key, block.header.signature, flipped(payload))).toBe(false);
  });

  testShared(file, 'every attestation is forged to the bytes of its hash', content => {
    const block = content as NodeBlock;
    const encoding = signedOperation(protocolOfHash(block.protocol));
    expect(votesOf(block).length).toBe(block.operations[0]?.length);
    checkEach(votesOf(block), votes, hashOf, operation => {
      const bytes = encode(encoding, forgeable(operation));
      expect(hashOperation(bytes)).toBe(operation.hash);
      expect(decode(encoding, bytes)).toEqual(forgeable(operation));
    });
  });

  testShared(
    file,
    'every attestation under a known key verifies, and not with a bit flipped',
    content => {
      const block = content as NodeBlock;
      const keys = keyTable();
      const known = votesOf(block).flatMap(operation => {
        const key = keys[operation.contents[0]?.metadata?.consensus_key ?? ''];
        const { signature } = operation;
        return key && signature ? [{ ...operation, signature, key: key.public_key }] : [];
      });
      checkEach(known, signed, hashOf, operation => {
        const { branch, contents } = forgeable(operation) as Unsigned<Vote>;
        const mode = voteModeOf(operation.key);
        const payload = voteSignBytes(block.chain_id, { branch, contents }, mode);
        expect(verify(operation.key, operation.signature, payload)).toBe(true);
        expect(verify(operation.key, operation.signature, flipped(payload))).toBe(false);
      });
    },
  );
}
