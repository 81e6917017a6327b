import { fromBase58, toBase58 } from '../base58.ts';
import type { Base58Text, BlockHash, OperationHash, PayloadHash } from '../base58-kinds.ts';
import type { OperationListListHash } from '../base58-kinds.ts';
import { byteReader, byteWriter } from '../forge/bytes.ts';
import type { Round } from '../numbers.ts';
import { blake2b256 } from './blake2b.ts';

/** The zeros that stand for the signature in a stamp, also under a key with longer signatures. */
const STAMP_SIGNATURE_LENGTH = 64;

/** The hash of a signed operation's bytes. */
export function hashOperation(signedBytes: Uint8Array): OperationHash {
  return toBase58('operationHash', blake2b256(signedBytes));
}

/** The hash of a signed block header's bytes. */
export function hashBlock(signedHeaderBytes: Uint8Array): BlockHash {
  return toBase58('blockHash', blake2b256(signedHeaderBytes));
}

/** The root over the operations of one validation pass. */
export function hashOperationList(
  operations: readonly OperationHash[],
): Base58Text<'operationListHash'> {
  return toBase58('operationListHash', operationListRoot(operations));
}

/** The `operations_hash` of a header: the root over the roots of its passes. */
export function hashOperationListList(
  passes: readonly (readonly OperationHash[])[],
): OperationListListHash {
  return toBase58('operationListListHash', merkleRoot(passes.map(operationListRoot)));
}

/**
 * The hash that votes name: predecessor, payload round, and the operations of passes 1 to 3 in order.
 * Source: block_payload_repr.ml.
 */
export function hashPayload(
  predecessor: BlockHash,
  payloadRound: Round,
  operations: readonly OperationHash[],
): PayloadHash {
  const out = byteWriter();
  out.put(fromBase58('blockHash', predecessor));
  out.putInteger(payloadRound, 4);
  out.put(operationListRoot(operations));
  return toBase58('payloadHash', blake2b256(out.bytes()));
}

/**
 * What proof of work makes small: the first eight bytes of the hash of a header whose signature is
 * zeros. A block is valid when its stamp is at most `proof_of_work_threshold`.
 */
export function proofOfWorkStamp(unsignedHeaderBytes: Uint8Array): bigint {
  const out = byteWriter();
  out.put(unsignedHeaderBytes);
  out.put(new Uint8Array(STAMP_SIGNATURE_LENGTH));
  return BigInt.asUintN(64, byteReader(blake2b256(out.bytes())).takeInt64());
}

function operationListRoot(operations: readonly OperationHash[]): Uint8Array {
  return merkleRoot(operations.map(hash => fromBase58('operationHash', hash)));
}

/**
 * Leaves are hashed, pairs hashed up to the root, and a row goes on for ever with what the last leaf
 * alone would give there: the same as filling the leaves up to a power of two with the last one.
 * Source: src/lib_crypto/blake2B.ml `Generic_Merkle_tree`.
 */
function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let row = leaves.map(blake2b256);
  let filler = row.at(-1);
  if (filler === undefined) return blake2b256(new Uint8Array());
  while (row.length > 1) {
    row = parents(row, filler);
    filler = node(filler, filler);
  }
  return row[0] ?? filler;
}

function parents(row: readonly Uint8Array[], filler: Uint8Array): Uint8Array[] {
  const left = row.filter((_, at) => at % 2 === 0);
  return left.map((each, at) => node(each, row[2 * at + 1] ?? filler));
}

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  const pair = new Uint8Array(left.length + right.length);
  pair.set(left);
  pair.set(right, left.length);
  return blake2b256(pair);
}
