import type { Instant } from '@meridian/prelude';
import { level, round, toBase58, toHex, writeFitness } from '@meridian/tezos';
import type { ChainId, PayloadHash, Protocol, Round, SecretKey } from '@meridian/tezos';
import { blockHeader, blockSignBytes, encode, unsignedBlockHeader } from '@meridian/tezos/forge';
import type { BlockHeader, PerBlockVote, UnsignedBlockHeader } from '@meridian/tezos/forge';
import { blake2b256, hashBlock, hashOperationListList, hashPayload } from '@meridian/tezos/hash';
import { proofOfWorkStamp } from '@meridian/tezos/hash';
import type { ChainBlock, ChainOperation } from './contract.ts';
import { sign } from './signatures.ts';

/** What a block is made of. */
export type Draft = {
  readonly predecessor: ChainBlock | undefined;
  /** How many protocols the chain has had, see `protoAt`. */
  readonly proto: number;
  readonly round: Round;
  readonly timestamp: Instant;
  /** The payload that is proposed again, and the round of its prequorum. */
  readonly locked: { readonly block: ChainBlock; readonly round: Round } | undefined;
  readonly consensus: readonly ChainOperation[];
  /** Tells apart two blocks that are otherwise the same. */
  readonly toggle: PerBlockVote;
};

/** As in the sandbox of Octez: about one nonce in two is good. */
export const PROOF_OF_WORK_THRESHOLD = 2n ** 62n - 1n;

/** A block with its proof of work and its baker's signature. */
export function makeBlock(
  chainId: ChainId,
  protocol: Protocol,
  secret: SecretKey,
  draft: Draft,
): ChainBlock {
  const { predecessor, locked, consensus } = draft;
  const at = level((predecessor?.level ?? -1) + 1);
  const operations = [consensus, [], [], []];
  const before = predecessor?.hash ?? toBase58('blockHash', new Uint8Array(32));
  const payloadHash: PayloadHash =
    locked?.block.payloadHash ?? hashPayload(before, draft.round, []);
  const fields: UnsignedBlockHeader = {
    level: at,
    proto: draft.proto,
    predecessor: before,
    timestamp: timestampOf(draft.timestamp),
    validation_pass: 4,
    operations_hash: hashOperationListList(operations.map(pass => pass.map(({ hash }) => hash))),
    fitness: writeFitness({
      level: at,
      lockedRound: locked?.round ?? null,
      predecessorRound: predecessor?.round ?? round(0),
      round: draft.round,
    }),
    context: toBase58('contextHash', blake2b256(new TextEncoder().encode(before))),
    payload_hash: payloadHash,
    payload_round: locked?.block.header.payload_round ?? draft.round,
    proof_of_work_nonce: '0000000000000000',
    liquidity_baking_toggle_vote: draft.toggle,
    ...(protocol.headerVotes === 'toggle-and-adaptive' ? { adaptive_issuance_vote: 'pass' } : {}),
  };
  const unsigned = withProofOfWork(protocol, fields);
  const signature = sign(
    secret,
    blockSignBytes(chainId, encode(unsignedBlockHeader(protocol), unsigned)),
  );
  const header: BlockHeader = { ...unsigned, signature };
  const bytes = encode(blockHeader(protocol), header);
  return {
    hash: hashBlock(bytes),
    header,
    bytes,
    level: at,
    round: draft.round,
    payloadHash,
    operations,
  };
}

function withProofOfWork(protocol: Protocol, fields: UnsignedBlockHeader): UnsignedBlockHeader {
  for (let count = 0; ; count += 1) {
    const nonce = new Uint8Array(8);
    new DataView(nonce.buffer).setUint32(4, count);
    const tried = { ...fields, proof_of_work_nonce: toHex(nonce) };
    if (proofOfWorkStamp(encode(unsignedBlockHeader(protocol), tried)) <= PROOF_OF_WORK_THRESHOLD) {
      return tried;
    }
  }
}

function timestampOf(at: Instant): string {
  return new Date(at).toISOString().replace('.000', '');
}
