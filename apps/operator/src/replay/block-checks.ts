import type { PublicKey } from '@meridian/tezos';
import { TezosError } from '@meridian/tezos';
import {
  hashBlock,
  hashOperation,
  hashOperationListList,
  hashPayload,
  proofOfWorkStamp,
} from '@meridian/tezos/hash';
import { verify } from '@meridian/tezos/crypto';
import { blockSignBytes } from '@meridian/tezos/forge';
import { signedBytes } from '../codec/operations.ts';
import type { Keys } from './keys.ts';
import type { NodeBlock, NodeOperation } from './node-block.ts';

/** What came out of one block's own data. */
export type BlockChecks = {
  readonly level: number;
  readonly blockHash: boolean;
  readonly operationsHash: boolean;
  readonly payloadHash: boolean;
  readonly stamp: boolean;
  /** Whether the header's signature is valid; null when its key is not known. */
  readonly headerSignature: boolean | null;
  /** Operations whose bytes could be forged again, and how many of those have the hash that they should. */
  readonly operationHashes: { readonly checked: number; readonly agree: number };
  /** Kinds that could not be forged; their hashes are taken as the node gives them. */
  readonly notForgeable: readonly string[];
};

/** The operations that votes are about: passes 1 to 3, not the votes of pass 0. */
const FIRST_PAYLOAD_PASS = 1;

/** Recomputes all that a block says of itself. */
export async function checkBlock(
  block: NodeBlock,
  keys: Keys,
  proofOfWorkThreshold: bigint,
): Promise<BlockChecks> {
  const { header, passes } = block;
  const hashes = passes.map(pass => pass.map(({ hash }) => hash));
  const payload = hashPayload(
    header.predecessor,
    header.payload_round,
    hashes.slice(FIRST_PAYLOAD_PASS).flat(),
  );
  const operations = await Promise.all(passes.flat().map(each => checkOperation(block, each)));
  const forgeable = operations.filter(({ kind }) => kind === undefined);
  return {
    level: header.level,
    blockHash: hashBlock(block.headerBytes) === block.hash,
    operationsHash: hashOperationListList(hashes) === header.operations_hash,
    payloadHash: payload === header.payload_hash,
    stamp: proofOfWorkStamp(block.unsignedHeaderBytes) <= proofOfWorkThreshold,
    headerSignature: checkSignature(block, block.bakerKey && keys.get(block.bakerKey)),
    operationHashes: {
      checked: forgeable.length,
      agree: forgeable.filter(({ agrees }) => agrees).length,
    },
    notForgeable: [...new Set(operations.flatMap(({ kind }) => kind ?? []))],
  };
}

function checkSignature(block: NodeBlock, key: PublicKey | undefined): boolean | null {
  if (key === undefined) return null;
  const bytes = blockSignBytes(block.chainId, block.unsignedHeaderBytes);
  return verify(key, block.header.signature, bytes);
}

/** `kind` names what could not be forged. */
type OperationCheck = { readonly agrees: boolean; readonly kind?: string };

async function checkOperation(block: NodeBlock, operation: NodeOperation): Promise<OperationCheck> {
  try {
    const bytes = await signedBytes(block.protocol, operation.json);
    return { agrees: hashOperation(bytes) === operation.hash };
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    return { agrees: false, kind: kindsOf(operation) };
  }
}

function kindsOf({ json }: NodeOperation): string {
  const contents = json['contents'] as readonly { readonly kind?: unknown }[];
  return contents.map(({ kind }) => String(kind)).join('+');
}
