import { err, instant, ok, type Instant, type Result } from '@meridian/prelude';
import { PROTOCOLS, readFitness, TezosError } from '@meridian/tezos';
import type { BlockHash, Fitness, OperationListListHash, PayloadHash } from '@meridian/tezos';
import type { HeaderVotes, Signature } from '@meridian/tezos';
import { blockHeader, decode, encode, rawBlockHeader, rawOperation } from '@meridian/tezos/forge';
import { signedOperation, unsignedBlockHeader } from '@meridian/tezos/forge';
import {
  hashBlock,
  hashOperation,
  hashOperationListList,
  proofOfWorkStamp,
} from '@meridian/tezos/hash';
import type { Aggregate, Signed, Vote } from '@meridian/tezos/forge';

/** A header whose hash was computed here. */
export type Header = {
  readonly hash: BlockHash;
  readonly fitness: Fitness;
  readonly timestamp: Instant;
  readonly proto: number;
  readonly predecessor: BlockHash;
  readonly payloadHash: PayloadHash;
  /** How many lists of operations the block has, and the root over all of them. */
  readonly passes: number;
  readonly operationsHash: OperationListListHash;
  readonly signature: Signature;
  /** What its baker signed, without watermark and chain. */
  readonly unsignedBytes: Uint8Array;
  /** The first 8 bytes of the proof-of-work hash, as a number. */
  readonly stamp: bigint;
};

/** An item of a stream or an answer is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Runs a reader of the protocol lib; what it refuses is undefined. */
export function tried<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TezosError) return undefined;
    throw error;
  }
}

/** The layouts that headers had, the latest first. */
const LAYOUTS: ReadonlySet<HeaderVotes> = new Set(
  PROTOCOLS.toReversed().map(({ headerVotes }) => headerVotes),
);

/**
 * The header in an item of either stream, or in the answer of `header`: all hold the same fields, and either
 * `protocol_data` or the fields in it. The hash proves the layout, so nobody has to know the protocol: the first block
 * of a protocol is written in the layout of the one before.
 */
export function readHeader(item: unknown): Result<Header, 'unreadable' | 'wrong_hash'> {
  if (!isObject(item)) return err('unreadable');
  const nested = isObject(item['header']) ? item['header'] : item;
  let why: 'unreadable' | 'wrong_hash' = 'unreadable';
  for (const headerVotes of LAYOUTS) {
    const header = tried(() => headerOf(nested, headerVotes));
    if (header === undefined) continue;
    if (item['hash'] === header.hash) return ok(header);
    why = 'wrong_hash';
  }
  return err(why);
}

function headerOf(fields: Readonly<Record<string, unknown>>, headerVotes: HeaderVotes): Header {
  const { hash: _hash, chain_id: _chain, protocol: _protocol, ...rest } = fields;
  const signed = blockHeader({ headerVotes });
  const bytes =
    typeof rest['protocol_data'] === 'string' ? encode(rawBlockHeader, rest) : encode(signed, rest);
  const value = decode(signed, bytes);
  const { signature, ...unsigned } = value;
  const unsignedBytes = encode(unsignedBlockHeader({ headerVotes }), unsigned);
  return {
    hash: hashBlock(bytes),
    fitness: readFitness(value.fitness),
    timestamp: instant(secondsOf(bytes) * 1000),
    proto: value.proto,
    predecessor: value.predecessor,
    payloadHash: value.payload_hash,
    passes: value.validation_pass,
    operationsHash: value.operations_hash,
    signature,
    unsignedBytes,
    stamp: proofOfWorkStamp(unsignedBytes),
  };
}

/** Preattestations in the first pass of a block, from either form of operations. */
export function readOperations(pass: unknown): readonly Signed<Vote | Aggregate>[] | undefined {
  if (!Array.isArray(pass)) return undefined;
  const operations = pass.map(item => tried(() => operationOf(item)));
  return operations.every(each => each !== undefined) ? operations : undefined;
}

const OPERATION = signedOperation();

/** Where the time stands in every header: after level, proto and predecessor. */
const TIMESTAMP_OFFSET = 37;

function secondsOf(header: Uint8Array): number {
  return Number(new DataView(header.buffer, header.byteOffset).getBigInt64(TIMESTAMP_OFFSET));
}

/** The root over the operations of all passes; undefined where one of them cannot be written. */
export function rootOf(lists: readonly unknown[]): OperationListListHash | undefined {
  return tried(() =>
    hashOperationListList(
      lists.map(list => {
        if (!Array.isArray(list)) throw new TezosError('bad_type', 'a pass is a list');
        return list.map(item => hashOperation(operationBytes(item)));
      }),
    ),
  );
}

function operationOf(item: unknown): Signed<Vote | Aggregate> {
  return decode(OPERATION, operationBytes(item));
}

function operationBytes(item: unknown): Uint8Array {
  if (!isObject(item)) throw new TezosError('bad_type', 'an operation is an object');
  const { branch, data, contents, signature } = item;
  return typeof data === 'string'
    ? encode(rawOperation, { branch, data })
    : encode(OPERATION, { branch, contents, signature });
}
