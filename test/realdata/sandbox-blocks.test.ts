import { expect } from 'vitest';
import { fromHex, readFitness, toHex } from '@meridian/tezos';
import {
  hashBlock,
  hashOperation,
  hashOperationListList,
  hashPayload,
  proofOfWorkStamp,
} from '@meridian/tezos/hash';
import { blockHeader, decode, encode, rawBlockHeader, readSignBytes } from '@meridian/tezos/forge';
import { blockSignBytes, signedOperation, unsignedBlockHeader } from '@meridian/tezos/forge';
import { protocolOf } from '../vectors/codec.ts';
import { checkEach, testShared } from '../vectors/load.ts';
import { forgeable, isConsensus, without } from './node-json.ts';
import type { NodeBlock, NodeOperation } from './node-json.ts';
import { blocksOf, headersOf, rawHeadersOf } from './recorded-rows.ts';

/** Recordings of a real node, with what there must be at least in each. */
const RECORDINGS = [
  { file: 'realdata/octez-sandbox/levels.ndjson', blocks: 20, locked: 5, votes: 125, other: 2 },
  {
    file: 'realdata/octez-sandbox/rounds-locked-blocks.ndjson',
    blocks: 9,
    locked: 3,
    votes: 60,
    other: 0,
  },
];
const protocol = protocolOf('025');
/** `proof_of_work_threshold` of the sandbox: 2^62 - 1. */
const SANDBOX_THRESHOLD = 2n ** 62n - 1n;
const hashOf = ({ hash }: NodeBlock | NodeOperation): string => hash;

for (const recording of RECORDINGS) {
  const { file } = recording;

  testShared(file, 'header/raw, header and block hash say the same', content => {
    const raw = rawHeadersOf(content);
    checkEach(blocksOf(content), recording.blocks, hashOf, block => {
      const bytes = encode(blockHeader(protocol), block.header);
      expect(toHex(bytes)).toBe(raw.get(block.hash));
      expect(decode(blockHeader(protocol), bytes)).toEqual(block.header);
      expect(hashBlock(bytes)).toBe(block.hash);
      expect(toHex(encode(rawBlockHeader, decode(rawBlockHeader, bytes)))).toBe(toHex(bytes));
    });
    expect(raw.size).toBe(recording.blocks);
  });

  testShared(file, 'a signer reads level and round as the fitness gives them', content => {
    const blocks = blocksOf(content);
    checkEach(blocks, recording.blocks, hashOf, block => {
      const bytes = encode(unsignedBlockHeader(protocol), without(block.header, 'signature'));
      const { level, round, lockedRound } = readFitness(block.header.fitness);
      expect(level).toBe(block.header.level);
      const lowest = lockedRound ?? round;
      expect(lowest).toBeGreaterThanOrEqual(block.header.payload_round);
      const { chain_id: chainId } = block;
      const subject = readSignBytes(blockSignBytes(chainId, bytes));
      expect(subject).toMatchObject({ kind: 'block', chainId, level, round });
      expect(proofOfWorkStamp(bytes)).toBeLessThanOrEqual(SANDBOX_THRESHOLD);
    });
    const locked = blocks.filter(({ header }) => readFitness(header.fitness).lockedRound !== null);
    expect(locked.length).toBeGreaterThanOrEqual(recording.locked);
  });

  testShared(file, 'every header names its operations and its payload', content => {
    checkEach(blocksOf(content), recording.blocks, hashOf, ({ header, operations }) => {
      const passes = operations.map(pass => pass.map(({ hash }) => hash));
      expect(hashOperationListList(passes)).toBe(header.operations_hash);
      const { predecessor, payload_round: round } = header;
      expect(hashPayload(predecessor, round, passes.slice(1).flat())).toBe(header.payload_hash);
    });
  });

  testShared(file, 'every consensus operation is forged to the bytes of its hash', content => {
    const operations = blocksOf(content).flatMap(block => block.operations.flat());
    const votes = operations.filter(isConsensus);
    checkEach(votes, recording.votes, hashOf, operation => {
      const bytes = encode(signedOperation(protocol), forgeable(operation));
      expect(hashOperation(bytes)).toBe(operation.hash);
      expect(decode(signedOperation(protocol), bytes)).toEqual(forgeable(operation));
    });
    const others = operations.filter(operation => !isConsensus(operation));
    expect(others.map(({ contents }) => contents[0]?.kind)).toEqual(
      Array.from({ length: recording.other }, () => 'seed_nonce_revelation'),
    );
  });
}

testShared(
  RECORDINGS[0]!.file,
  'a header with what the node adds is the header of the block',
  content => {
    const headers = headersOf(content);
    checkEach(blocksOf(content), 20, hashOf, block => {
      const { protocol: hash, chain_id: chainId, header } = block;
      expect(headers.get(block.hash)).toEqual({
        protocol: hash,
        chain_id: chainId,
        hash: block.hash,
        ...header,
      });
    });
  },
);

testShared(RECORDINGS[0]!.file, 'a header with one byte changed is another block', content => {
  const [hash, raw] = [...rawHeadersOf(content)][0]!;
  const bytes = fromHex(raw);
  for (let at = 0; at < bytes.length; at += 16) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    expect(hashBlock(changed)).not.toBe(hash);
  }
});
