import { expect } from 'vitest';
import { fromHex, toHex } from '@meridian/tezos';
import type { ChainId, PublicKey, PublicKeyHash, Signature } from '@meridian/tezos';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import { hashBlock, hashOperation } from '@meridian/tezos/hash';
import { verify, verifyAggregate } from '@meridian/tezos/crypto';
import { attachSignature, decode, encode, readSignBytes } from '@meridian/tezos/forge';
import { signedOperation, unsignedVote, voteModeOf, voteSignBytes } from '@meridian/tezos/forge';
import type { Aggregate, Unsigned, Vote } from '@meridian/tezos/forge';
import { protocolOf, withGenericSignatures } from '../vectors/codec.ts';
import { checkEach, testShared } from '../vectors/load.ts';
import { flipped, forgeable, type NodeOperation } from './node-json.ts';

type VoteRow = {
  readonly group: string;
  readonly consensus_key: PublicKeyHash;
  readonly public_key: PublicKey;
  readonly attestation_slot: number;
  readonly signed_payload: string;
  readonly operation_bytes: string;
  readonly operation: NodeOperation;
};
type AggregateRow = {
  readonly group: string;
  readonly members: readonly { readonly public_key: BlsKey; readonly consensus_key: string }[];
  readonly signed_payload: string;
  readonly operation: NodeOperation;
};
type BlockRow = {
  readonly group: string;
  readonly level: number;
  readonly round: number;
  readonly block_hash: string;
  readonly baker_consensus_key: PublicKeyHash;
  readonly public_key: PublicKey;
  readonly signed_payload: string;
  readonly signature: Signature;
};
type BlsKey = Parameters<typeof verifyAggregate>[0][number];
type BlsSignature = Parameters<typeof verifyAggregate>[1];

const FILE = 'realdata/octez-sandbox/ops-by-key-type.ndjson';
/** Every group of the file, with how many rows it has. */
const GROUPS: Readonly<Record<string, number>> = {
  'attestation/BLpk/mempool': 8,
  'attestation/edpk/block': 8,
  'attestation/edpk/mempool': 8,
  'attestation/p2pk/block': 8,
  'attestation/p2pk/mempool': 8,
  'attestation/sppk/block': 8,
  'attestation/sppk/mempool': 8,
  'attestations_aggregate/block': 8,
  'block/BLpk': 8,
  'block/edpk': 5,
  'block/p2pk': 2,
  'block/sppk': 4,
  'preattestation/BLpk/mempool': 8,
  'preattestation/edpk/block': 8,
  'preattestation/edpk/mempool': 8,
  'preattestation/p2pk/block': 5,
  'preattestation/p2pk/mempool': 8,
  'preattestation/sppk/block': 5,
  'preattestation/sppk/mempool': 8,
  'preattestations_aggregate/block': 5,
};
const CHAIN = 'NetXdQprcVkpaWU' as ChainId;
const protocol = protocolOf('025');

testShared(FILE, 'every row is in a group that these tests know', content => {
  const counts: Record<string, number> = {};
  for (const { group } of content as readonly VoteRow[]) counts[group] = (counts[group] ?? 0) + 1;
  expect(counts).toEqual(GROUPS);
});

testShared(
  FILE,
  'a vote is forged to its bytes and hash, and was signed as this lib asks for it',
  content => {
    const votes = (content as readonly VoteRow[]).filter(row => 'attestation_slot' in row);
    checkEach(
      votes,
      106,
      ({ group }) => group,
      row => {
        const { operation, public_key: key } = row;
        const json = forgeable(operation);
        const bytes = encode(signedOperation(protocol), json);
        expect(toHex(bytes)).toBe(row.operation_bytes);
        expect(decode(signedOperation(protocol), bytes)).toEqual(withGenericSignatures(json));
        expect(hashOperation(bytes)).toBe(operation.hash);
        expect(publicKeyHashOf(key)).toBe(row.consensus_key);
        const vote = { branch: json.branch, contents: json.contents } as unknown as Unsigned<Vote>;
        expect(vote.contents[0].slot).toBe(row.attestation_slot);
        const mode = voteModeOf(key);
        const payload = voteSignBytes(CHAIN, vote, mode);
        expect(toHex(payload)).toBe(row.signed_payload);
        const { level, round } = vote.contents[0];
        const kind = row.group.split('/')[0];
        expect(readSignBytes(payload)).toMatchObject({ kind, mode, chainId: CHAIN, level, round });
        const signature = operation.signature!;
        expect(toHex(attachSignature(encode(unsignedVote, vote), signature))).toBe(
          row.operation_bytes,
        );
        expect(verify(key, signature, payload)).toBe(true);
        expect(verify(key, signature, flipped(payload))).toBe(false);
      },
    );
  },
);

testShared(
  FILE,
  'an aggregate has its hash and is the sum of the votes of its members',
  content => {
    const aggregates = (content as readonly AggregateRow[]).filter(row => 'members' in row);
    checkEach(
      aggregates,
      13,
      ({ group }) => group,
      row => {
        const json = forgeable(row.operation);
        const bytes = encode(signedOperation(protocol), json);
        expect(hashOperation(bytes)).toBe(row.operation.hash);
        expect(decode(signedOperation(protocol), bytes)).toEqual(json);
        const [content] = json.contents as readonly [Aggregate];
        const isPre = content.kind === 'preattestations_aggregate';
        const kind = isPre ? 'preattestation' : 'attestation';
        const vote = { kind, slot: 0, ...content.consensus_content } as Vote;
        const payload = voteSignBytes(CHAIN, { branch: json.branch, contents: [vote] }, 'bls');
        expect(toHex(payload)).toBe(row.signed_payload);
        const keys = row.members.map(member => member.public_key);
        expect(keys.map(publicKeyHashOf)).toEqual(row.members.map(member => member.consensus_key));
        const signature = json.signature as BlsSignature;
        expect(verifyAggregate(keys, signature, payload)).toBe(true);
        expect(verifyAggregate(keys, signature, flipped(payload))).toBe(false);
        expect(verifyAggregate(keys.slice(1), signature, payload)).toBe(false);
      },
    );
  },
);

testShared(FILE, 'a block was signed as this lib asks for it and has its hash', content => {
  const blocks = (content as readonly BlockRow[]).filter(row => 'block_hash' in row);
  checkEach(
    blocks,
    19,
    ({ group }) => group,
    row => {
      const payload = fromHex(row.signed_payload);
      const { level, round, public_key: key, signature } = row;
      const subject = readSignBytes(payload);
      expect(subject).toMatchObject({ kind: 'block', chainId: CHAIN, level, round });
      expect(publicKeyHashOf(key)).toBe(row.baker_consensus_key);
      expect(verify(key, signature, payload)).toBe(true);
      expect(verify(key, signature, flipped(payload))).toBe(false);
      // Attached as to an operation, less the two bytes that only operations have before a BLS signature.
      const unsigned = payload.subarray(5);
      const tail = attachSignature(new Uint8Array(), signature);
      const bare = tail.subarray(tail.length === 98 ? 2 : 0);
      expect(hashBlock(Uint8Array.of(...unsigned, ...bare))).toBe(row.block_hash);
    },
  );
});
