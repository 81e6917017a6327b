import type { Protocol } from '../protocols.ts';
import { dynamic, joined, record, union } from './encoding.ts';
import type { Case, Encoding, ObjectEncoding } from './encoding.ts';
import { blockHeader, type BlockHeader } from './headers.ts';
import { CONSENSUS_CASES, signedOf, unsignedOf, VOTE_CASES } from './operations.ts';
import type { Aggregate, Signed, Unsigned, Vote } from './operations.ts';
import { blockHash, slotEncoding } from './primitives.ts';
import { bareSignature } from './signature-part.ts';

/** A denunciation of double signing, as a node prints it. */
export type Evidence =
  | {
      readonly kind: 'double_consensus_operation_evidence';
      readonly op1: object;
      readonly op2: object;
    }
  | {
      readonly kind: 'double_baking_evidence';
      readonly bh1: BlockHeader;
      readonly bh2: BlockHeader;
    };

/** The contents that Meridian forges itself; other kinds are not its business to sign. */
export type OwnContent = Vote | Aggregate | Evidence;

/** Any operation of {@link OwnContent} without its signature. */
export function unsignedOperation(protocol: Protocol): Encoding<Unsigned<OwnContent>> {
  return unsignedOf(ownContent(protocol));
}

/**
 * Any operation of {@link OwnContent} as it is injected; without a protocol, consensus operations alone, whose bytes are
 * the same in every protocol that has their kind.
 */
export function signedOperation(): Encoding<Signed<Vote | Aggregate>>;
export function signedOperation(protocol: Protocol): Encoding<Signed<OwnContent>>;
export function signedOperation(protocol?: Protocol): Encoding<Signed<OwnContent>> {
  return signedOf(protocol === undefined ? union(CONSENSUS_CASES) : ownContent(protocol));
}

function ownContent(protocol: Protocol): Encoding<OwnContent> {
  if (protocol.support === 'votes-only') return union(VOTE_CASES);
  return union([...CONSENSUS_CASES, ...evidenceCases(protocol)]);
}

/** A consensus operation inside a denunciation: its only content stands under `operations`. */
const inlined: ObjectEncoding<object> = joined([
  record({ branch: blockHash, operations: union<Vote | Aggregate>(CONSENSUS_CASES) }),
  record({ signature: bareSignature }),
]);

/** Source: operation_repr.ml of 023 to 025; earlier protocols spell the first kind otherwise. */
function evidenceCases(protocol: Protocol): readonly Case[] {
  const header = dynamic(blockHeader(protocol));
  return [
    {
      tag: 2,
      kind: 'double_consensus_operation_evidence',
      fields: record({ slot: slotEncoding, op1: dynamic(inlined), op2: dynamic(inlined) }),
    },
    { tag: 3, kind: 'double_baking_evidence', fields: record({ bh1: header, bh2: header }) },
  ];
}
