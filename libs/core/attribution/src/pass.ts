import { err, ok, type Result } from '@meridian/prelude';
import { TezosError, type Level, type OperationHash, type PayloadHash } from '@meridian/tezos';
import type { Round, Slot } from '@meridian/tezos';
import { encode, signedOperation, type Aggregate, type Vote } from '@meridian/tezos/forge';
import { hashOperation, hashOperationListList } from '@meridian/tezos/hash';

/** An attestation that a block contains, whichever operation carries it. */
export type IncludedVote = {
  readonly slot: Slot;
  readonly level: Level;
  readonly round: Round;
  readonly payloadHash: PayloadHash;
  readonly carrier: 'attestation' | 'attestation_with_dal' | 'attestations_aggregate';
};

/** Why what a node says of a block's operations is not believed; the key is the code in lines and JSON. */
export const PASS_FAULTS = {
  unreadable_operations: 'the operations are not of the shape that nodes send',
  wrong_operations: 'the operations are not those that the header of the block names',
} as const;

/** One of the codes of {@link PASS_FAULTS}. */
export type PassFault = keyof typeof PASS_FAULTS;

/** What a node answers about a block, none of it believed. */
export type PassAnswers = {
  /** `operations/0`, with or without receipts. */
  readonly pass: unknown;
  /** `operation_hashes`: those of all four passes. */
  readonly hashes: unknown;
};

/**
 * The attestations in the first pass of a block. The pass proves itself: its operations are hashed here, and together
 * with the hashes of the other passes they give what the header says of all operations, or the node is wrong.
 * @param operationsHash `operations_hash` of the block's header
 */
export function readAttestations(
  operationsHash: string,
  { pass, hashes }: PassAnswers,
): Result<readonly IncludedVote[], PassFault> {
  if (!Array.isArray(pass) || !isListOfLists(hashes)) return err('unreadable_operations');
  try {
    const operations = pass.map(each => readOperation(each));
    const own = operations.map(({ hash }) => hash);
    const root = hashOperationListList([own, ...(hashes.slice(1) as OperationHash[][])]);
    if (root !== operationsHash) return err('wrong_operations');
    return ok(operations.flatMap(({ content }) => attestationsOf(content)));
  } catch (error) {
    if (error instanceof TezosError) return err('unreadable_operations');
    throw error;
  }
}

function isListOfLists(value: unknown): value is readonly (readonly string[])[] {
  const isTexts = (each: unknown): boolean =>
    Array.isArray(each) && each.every(text => typeof text === 'string');
  return Array.isArray(value) && value.every(isTexts);
}

const OPERATION = signedOperation();

type Read = { readonly hash: OperationHash; readonly content: Vote | Aggregate };

/** What is written without a complaint is what it seems to be: writing checks every field. */
function readOperation(item: unknown): Read {
  const { branch, contents, signature } = Object(item) as Readonly<Record<string, unknown>>;
  const bare = Array.isArray(contents) ? contents.map(withoutReceipt) : contents;
  const bytes = encode(OPERATION, { branch, contents: bare, signature });
  const [content] = bare as readonly [Vote | Aggregate];
  return { hash: hashOperation(bytes), content };
}

function withoutReceipt(content: unknown): unknown {
  const { metadata: _, ...rest } = Object(content) as Readonly<Record<string, unknown>>;
  return rest;
}

function attestationsOf(content: Vote | Aggregate): readonly IncludedVote[] {
  switch (content.kind) {
    case 'attestation':
    case 'attestation_with_dal': {
      const { kind: carrier, slot, level, round, block_payload_hash: payloadHash } = content;
      return [{ slot, level, round, payloadHash, carrier }];
    }
    case 'attestations_aggregate': {
      const { kind: carrier, committee } = content;
      const { level, round, block_payload_hash: payloadHash } = content.consensus_content;
      return committee.map(({ slot }) => ({ slot, level, round, payloadHash, carrier }));
    }
    case 'preattestation':
    case 'preattestations_aggregate':
      return [];
  }
}
