import { assert } from '@meridian/prelude';
import { level, PROTOCOLS, round, slot, toBase58, writeFitness } from '@meridian/tezos';
import type { BlockHash, OperationHash, PublicKey, SecretKey, Signature } from '@meridian/tezos';
import { companionWeight } from '@meridian/tezos/crypto';
import {
  blake2b256,
  hashBlock,
  hashOperation,
  hashOperationListList,
  hashPayload,
} from '@meridian/tezos/hash';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import { publicKeyOf, secretKeyOfSeed, sign, weightedSignature } from '@meridian/tezos/crypto';
import { blockHeader, blockSignBytes, blsModeBytes, encode } from '@meridian/tezos/forge';
import {
  signedOperation,
  unsignedBlockHeader,
  voteModeOf,
  voteSignBytes,
} from '@meridian/tezos/forge';
import { aggregateOf, voteOf, type Ballot, type Voter } from './ballot.ts';

/** A made-up pair of blocks with every kind of vote, for tests that need no recorded data. */
export type MadeChain = {
  readonly before: unknown;
  readonly block: unknown;
  readonly next: unknown;
  readonly keys: Readonly<Record<string, string>>;
  readonly rights: unknown;
};

const CHAIN_ID = toBase58('chainId', Uint8Array.of(1, 2, 3, 4));
const LEVEL = 1_000;
const SEED_LENGTH = 32;
/** Lets every stamp pass. */
export const ANY_STAMP = (2n ** 64n - 1n).toString();

type Actor = { readonly secret: SecretKey; readonly key: PublicKey; readonly voter: Voter };

function actor(address: 'tz1' | 'tz2' | 'tz3' | 'tz4', seat: number, dal?: string): Actor {
  const secret = secretKeyOfSeed(address, new Uint8Array(SEED_LENGTH).fill(seat + 1));
  return { secret, key: publicKeyOf(secret), voter: { slot: slot(seat), dalAttestation: dal } };
}

const PLAIN_VOTERS = [actor('tz1', 0), actor('tz2', 3, '5'), actor('tz3', 7, '2048')];
const BLS_VOTERS = [actor('tz4', 9), actor('tz4', 11, '70000')];
/** The companion key of the second BLS voter. */
const COMPANION = actor('tz4', 12);
const BAKER = actor('tz1', 0);

/**
 * Three blocks of protocol 025: the middle one is attested by all four kinds of keys in the last one, which
 * carries preattestations of its own, since it is a second attempt at its payload.
 */
export function madeChain(): MadeChain {
  const grandparent = toBase58('blockHash', hashOf('grandparent'));
  const before = madeBlock(LEVEL - 1, grandparent, []);
  const block = madeBlock(LEVEL, before.hash, []);
  const attested = votesOn(ballotOf('attestation', LEVEL, block.payloadHash, grandparent));
  const draft = madeBlock(LEVEL + 1, block.hash, []);
  const preattested = votesOn(
    ballotOf('preattestation', LEVEL + 1, draft.payloadHash, before.hash),
  );
  const next = madeBlock(LEVEL + 1, block.hash, [...attested, ...preattested], 0);
  const everybody = [...PLAIN_VOTERS, ...BLS_VOTERS, COMPANION];
  return {
    before: before.json,
    block: block.json,
    next: next.json,
    keys: Object.fromEntries(everybody.map(({ key }) => [publicKeyHashOf(key), key])),
    rights: madeRights(),
  };
}

function ballotOf(
  kind: Ballot['kind'],
  at: number,
  payloadHash: Ballot['payloadHash'],
  branch: BlockHash,
): Ballot {
  return { kind, branch, level: level(at), round: round(0), payloadHash };
}

function madeRights(): unknown {
  const delegates = [...PLAIN_VOTERS, ...BLS_VOTERS].map(({ key, voter }) => ({
    delegate: publicKeyHashOf(key),
    consensus_key: publicKeyHashOf(key),
    ...(key === BLS_VOTERS[1]?.key && { companion_key: publicKeyHashOf(COMPANION.key) }),
    attesting_power: '1',
    attestation_slot: voter.slot,
    rounds: [voter.slot],
  }));
  return [{ level: LEVEL, delegates }];
}

type MadeOperation = { readonly hash: OperationHash; readonly [field: string]: unknown };

function votesOn(ballot: Ballot): readonly MadeOperation[] {
  const plain = PLAIN_VOTERS.map(({ secret, key, voter }) => {
    const vote = voteOf(ballot, voter);
    const signature = sign(secret, voteSignBytes(CHAIN_ID, vote, 'plain'));
    const address = publicKeyHashOf(key);
    return madeOperation(vote, signature, { delegate: address, consensus_key: address });
  });
  const aggregate = aggregateOf(
    ballot,
    BLS_VOTERS.map(({ voter }) => voter),
  );
  const committee = BLS_VOTERS.map(({ key }) => ({
    delegate: publicKeyHashOf(key),
    consensus_pkh: publicKeyHashOf(key),
  }));
  return [...plain, madeOperation(aggregate, aggregateSignature(ballot), { committee })];
}

/** The sum of both signatures; with weight 1 the weighted sum is the plain one. */
function aggregateSignature(ballot: Ballot): Signature {
  const signatures = BLS_VOTERS.map(each => blsSignature(ballot, each));
  return signatures.reduce((sum, each) => weightedSignature(1n, sum, each));
}

type BlsKey = Parameters<typeof companionWeight>[0]['consensusKey'];
type BlsSignature = ReturnType<typeof weightedSignature>;

function blsSignature(ballot: Ballot, { secret, key, voter }: Actor): BlsSignature {
  const vote = voteOf(ballot, voter);
  const bytes = voteSignBytes(CHAIN_ID, vote, voteModeOf(key));
  const own = sign(secret, bytes) as BlsSignature;
  if (voter.dalAttestation === undefined || ballot.kind === 'preattestation') return own;
  const pair = { consensusKey: key as BlsKey, companionKey: COMPANION.key as BlsKey };
  const weight = companionWeight(pair, blsModeBytes(vote), BigInt(voter.dalAttestation));
  return weightedSignature(weight, own, sign(COMPANION.secret, bytes) as BlsSignature);
}

function madeOperation(
  unsigned: { readonly branch: BlockHash; readonly contents: readonly [object] },
  signature: Signature,
  metadata: object,
): MadeOperation {
  const { branch, contents } = unsigned;
  const signed = encode(signedOperation(protocol()), { branch, contents, signature });
  const [content] = contents;
  return { hash: hashOperation(signed), branch, contents: [{ ...content, metadata }], signature };
}

type MadeBlock = {
  readonly hash: BlockHash;
  readonly payloadHash: Ballot['payloadHash'];
  readonly json: unknown;
};

function madeBlock(
  at: number,
  predecessor: BlockHash,
  votes: readonly MadeOperation[],
  lockedRound?: number,
): MadeBlock {
  const passes = [votes, [], [], []] as const;
  const hashes = passes.map(pass => pass.map(({ hash }) => hash));
  const payloadHash = hashPayload(predecessor, round(0), []);
  const unsigned = {
    level: at,
    proto: 25,
    predecessor,
    timestamp: '2026-11-22T00:00:00Z',
    validation_pass: 4,
    operations_hash: hashOperationListList(hashes),
    fitness: writeFitness({
      level: level(at),
      lockedRound: lockedRound === undefined ? null : round(lockedRound),
      predecessorRound: round(0),
      round: round(lockedRound === undefined ? 0 : lockedRound + 1),
    }),
    context: toBase58('contextHash', hashOf('context')),
    payload_hash: payloadHash,
    payload_round: 0,
    proof_of_work_nonce: '0000000000000000',
    liquidity_baking_toggle_vote: 'pass',
  };
  const bytes = encode(unsignedBlockHeader(protocol()), unsigned);
  const header = { ...unsigned, signature: sign(BAKER.secret, blockSignBytes(CHAIN_ID, bytes)) };
  const hash = hashBlock(encode(blockHeader(protocol()), header));
  return {
    hash,
    payloadHash,
    json: {
      protocol: protocol().hash,
      chain_id: CHAIN_ID,
      hash,
      header,
      metadata: { baker_consensus_key: publicKeyHashOf(BAKER.key) },
      operations: passes,
    },
  };
}

function protocol(): (typeof PROTOCOLS)[number] {
  const found = PROTOCOLS.find(({ number }) => number === '025');
  assert(found !== undefined, 'the table has a row for 025');
  return found;
}

function hashOf(name: string): Uint8Array {
  return blake2b256(new TextEncoder().encode(name));
}
