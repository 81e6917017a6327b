import type { BlockHash, ChainId, OperationHash, PayloadHash, PublicKey } from '@meridian/tezos';
import type { ProtocolHash, PublicKeyHash, Round, Signature } from '@meridian/tezos';

/** What a node adds to an operation that tests look at. */
export type ConsensusMetadata = {
  readonly delegate?: PublicKeyHash;
  readonly consensus_key?: PublicKeyHash;
};

/** A content of an operation, as a node prints it. */
export type NodeContent = {
  readonly kind: string;
  readonly metadata?: ConsensusMetadata;
  readonly [field: string]: unknown;
};

/** An operation of a block, as a node prints it. */
export type NodeOperation = {
  readonly hash: OperationHash;
  readonly branch: BlockHash;
  readonly contents: readonly NodeContent[];
  readonly signature?: Signature;
};

/** The fields of a header that tests look at. */
export type NodeHeader = {
  readonly level: number;
  readonly predecessor: BlockHash;
  readonly payload_hash: PayloadHash;
  readonly payload_round: Round;
  readonly operations_hash: string;
  readonly fitness: readonly string[];
  readonly signature: Signature;
};

/** A block, as a node prints it. */
export type NodeBlock = {
  readonly protocol: ProtocolHash;
  readonly chain_id: ChainId;
  readonly hash: BlockHash;
  readonly header: NodeHeader;
  readonly metadata: { readonly baker_consensus_key?: string };
  readonly operations: readonly (readonly NodeOperation[])[];
};

/** Public keys by address. */
export type KeyTable = Readonly<Record<string, { readonly public_key: PublicKey } | undefined>>;

const CONSENSUS_KINDS = [
  'preattestation',
  'attestation',
  'attestation_with_dal',
  'preattestations_aggregate',
  'attestations_aggregate',
];

/** Whether an operation is one that this lib forges for the consensus pass. */
export function isConsensus({ contents }: NodeOperation): boolean {
  return CONSENSUS_KINDS.includes(contents[0]?.kind ?? '');
}

/** An operation without what the node adds to it. */
export function forgeable({ branch, contents, signature }: NodeOperation): {
  readonly branch: BlockHash;
  readonly contents: readonly object[];
  readonly signature?: Signature;
} {
  const bare = contents.map(content => without(content, 'metadata'));
  return { branch, contents: bare, ...(signature === undefined ? {} : { signature }) };
}

/** An object without one of its fields. */
export function without(object: object, field: string): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== field));
}

/** The same bytes with one bit changed, in the middle. */
export function flipped(bytes: Uint8Array): Uint8Array {
  const middle = Math.floor(bytes.length / 2);
  return bytes.map((byte, at) => (at === middle ? byte ^ 4 : byte));
}
