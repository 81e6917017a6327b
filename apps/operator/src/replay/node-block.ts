import { fromBase58, protocolByHash, readFitness, TezosError } from '@meridian/tezos';
import type { BlockHash, ChainId, Fitness, OperationHash, Protocol } from '@meridian/tezos';
import { publicKeyHash } from '@meridian/tezos/crypto';
import { blockHeader, decode, encode, unsignedBlockHeader } from '@meridian/tezos/forge';
import type { BlockHeader } from '@meridian/tezos/forge';
import type { PublicKeyHash } from '@meridian/tezos';
import { complaint, elements, field, objectOf, optionalField, textOf } from '../json.ts';
import type { JsonObject, Located } from '../json.ts';

/** An operation as a block of a node lists it. */
export type NodeOperation = {
  /** What the node says its hash is; checked elsewhere. */
  readonly hash: OperationHash;
  /** Branch, contents and signature, without what applying it added. */
  readonly json: JsonObject;
  /** What applying each content added, in the same order. */
  readonly metadata: readonly (Located | undefined)[];
};

/** A block as a node returns it, read as far as it can be checked. */
export type NodeBlock = {
  /** Where it came from, for complaints. */
  readonly source: string;
  /** What the node says its hash is; checked elsewhere. */
  readonly hash: BlockHash;
  readonly chainId: ChainId;
  readonly protocol: Protocol;
  readonly header: BlockHeader;
  readonly headerBytes: Uint8Array;
  readonly unsignedHeaderBytes: Uint8Array;
  readonly fitness: Fitness;
  /** The operations of each validation pass. */
  readonly passes: readonly (readonly NodeOperation[])[];
  /** The key that signed the header, where the node says so. */
  readonly bakerKey: PublicKeyHash | undefined;
};

/** Kinds that nodes printed otherwise until 017. The bytes are the same. */
const OLD_KINDS: Readonly<Record<string, string>> = {
  endorsement: 'attestation',
  preendorsement: 'preattestation',
};

/**
 * Reads the answer of `GET /chains/main/blocks/<block>`.
 * @throws OperatorError `bad_input` that names the field
 */
export function readNodeBlock(source: string, value: unknown): NodeBlock {
  const whole: Located = { value, source, path: [] };
  const protocolAt = field(whole, 'protocol');
  const protocol = protocolByHash(textOf(protocolAt));
  if (protocol === undefined)
    throw complaint(protocolAt, 'is a protocol that Meridian does not know');
  const headerAt = field(whole, 'header');
  const headerBytes = encoded(headerAt, () => encode(blockHeader(protocol), headerAt.value));
  const header = decode(blockHeader(protocol), headerBytes);
  const { signature: _, ...unsigned } = header;
  return {
    source,
    hash: base58At(field(whole, 'hash'), 'blockHash') as BlockHash,
    chainId: base58At(field(whole, 'chain_id'), 'chainId') as ChainId,
    protocol,
    header,
    headerBytes,
    unsignedHeaderBytes: encode(unsignedBlockHeader(protocol), unsigned),
    fitness: encoded(field(headerAt, 'fitness'), () => readFitness(header.fitness)),
    passes: elements(field(whole, 'operations')).map(pass => elements(pass).map(readOperation)),
    bakerKey: bakerKeyOf(whole),
  };
}

function bakerKeyOf(block: Located): PublicKeyHash | undefined {
  const metadata = optionalField(block, 'metadata');
  const key =
    metadata &&
    (optionalField(metadata, 'baker_consensus_key') ?? optionalField(metadata, 'baker'));
  return key && encoded(key, () => publicKeyHash(key.value));
}

function readOperation(operation: Located): NodeOperation {
  const contents = elements(field(operation, 'contents'));
  const signature = optionalField(operation, 'signature');
  return {
    hash: base58At(field(operation, 'hash'), 'operationHash') as OperationHash,
    json: {
      branch: textOf(field(operation, 'branch')),
      contents: contents.map(withoutMetadata),
      ...(signature && { signature: textOf(signature) }),
    },
    metadata: contents.map(content => optionalField(content, 'metadata')),
  };
}

function withoutMetadata(content: Located): JsonObject {
  const { metadata: _, ...rest } = objectOf(content);
  const { kind } = rest;
  return typeof kind === 'string' ? { ...rest, kind: OLD_KINDS[kind] ?? kind } : rest;
}

function base58At(at: Located, kind: 'blockHash' | 'chainId' | 'operationHash'): string {
  const text = textOf(at);
  encoded(at, () => fromBase58(kind, text));
  return text;
}

/** Runs a check of the protocol lib and says which field of which file failed it. */
export function encoded<Value>(at: Located, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    throw complaint(at, `does not fit: ${error.message}`);
  }
}
