import type { BlockHash, PayloadHash, Signature } from '../base58-kinds.ts';
import { TezosError } from '../errors.ts';
import type { Level, Round, Slot } from '../numbers.ts';
import { dynamic, joined, list, optional, record, union } from './encoding.ts';
import type { Case, Encoding, ObjectEncoding } from './encoding.ts';
import { blockHash, levelEncoding, natural, payloadHash, restHex } from './primitives.ts';
import { roundEncoding, slotEncoding } from './primitives.ts';
import { optionalOperationSignature } from './signature-part.ts';

/** What is voted on: a payload at a level and round. */
export type ConsensusContent = {
  readonly level: Level;
  readonly round: Round;
  readonly block_payload_hash: PayloadHash;
};

/** One delegate's vote, as it is injected. `dal_attestation` is the decimal text of a bitset. */
export type Vote =
  | ({ readonly kind: 'preattestation' | 'attestation'; readonly slot: Slot } & ConsensusContent)
  | ({
      readonly kind: 'attestation_with_dal';
      readonly slot: Slot;
      readonly dal_attestation: string;
    } & ConsensusContent);

/** Many tz4 delegates' votes under one signature; only block producers make these. */
export type Aggregate =
  | {
      readonly kind: 'preattestations_aggregate';
      readonly consensus_content: ConsensusContent;
      readonly committee: readonly Slot[];
    }
  | {
      readonly kind: 'attestations_aggregate';
      readonly consensus_content: ConsensusContent;
      readonly committee: readonly { readonly slot: Slot; readonly dal_attestation?: string }[];
    };

/** What a tz4 key signs in place of a vote: no slot, no DAL content. Never injected. */
export type BlsModeVote = {
  readonly kind: 'bls_mode_preattestation' | 'bls_mode_attestation';
} & ConsensusContent;

/** Any consensus operation that a block holds. */
export type ConsensusKind = Vote | Aggregate;

/** An operation with one content and no signature, as a node prints it. */
export type Unsigned<Content> = {
  readonly branch: BlockHash;
  readonly contents: readonly [Content];
};

/** An operation with its signature, as a node prints it; a denunciation needs none. */
export type Signed<Content> = Unsigned<Content> & { readonly signature?: Signature };

const consensusContent = record<ConsensusContent>({
  level: levelEncoding,
  round: roundEncoding,
  block_payload_hash: payloadHash,
});

const slotField = record<{ slot: Slot }>({ slot: slotEncoding });
const voteFields = joined<object>([slotField, consensusContent]);

/** A delegate's votes. Source: operation_repr.ml; the first two are the same in 012 to 025. */
export const VOTE_CASES: readonly Case[] = [
  { tag: 0x14, kind: 'preattestation', fields: voteFields },
  { tag: 0x15, kind: 'attestation', fields: voteFields },
  {
    tag: 0x17,
    kind: 'attestation_with_dal',
    fields: joined<object>([voteFields, record({ dal_attestation: natural })]),
  },
];

const AGGREGATES: readonly Case[] = [
  {
    tag: 0x1e,
    kind: 'preattestations_aggregate',
    fields: record({ consensus_content: consensusContent, committee: dynamic(list(slotEncoding)) }),
  },
  {
    tag: 0x1f,
    kind: 'attestations_aggregate',
    fields: record({
      consensus_content: consensusContent,
      committee: dynamic(
        list(record<object>({ slot: slotEncoding, dal_attestation: optional(natural) })),
      ),
    }),
  },
];

const BLS_MODE: readonly Case[] = [
  { tag: 0x28, kind: 'bls_mode_preattestation', fields: consensusContent },
  { tag: 0x29, kind: 'bls_mode_attestation', fields: consensusContent },
];

/** The contents of an operation when there is exactly one, as with every consensus operation. */
function single<Content>(content: Encoding<Content>): Encoding<readonly [Content]> {
  return {
    write: (out, value) => {
      if (!Array.isArray(value) || value.length !== 1) {
        throw new TezosError('bad_type', 'a list of exactly one content is expected here');
      }
      try {
        content.write(out, value[0]);
      } catch (error) {
        throw error instanceof TezosError ? error.within('[0]') : error;
      }
    },
    read: input => [content.read(input)],
  };
}

/** An operation of such contents without its signature. */
export function unsignedOf<Content>(content: Encoding<Content>): ObjectEncoding<Unsigned<Content>> {
  return record<Unsigned<Content>>({ branch: blockHash, contents: single(content) });
}

/** An operation of such contents as it is injected. */
export function signedOf<Content>(content: Encoding<Content>): ObjectEncoding<Signed<Content>> {
  const signature = record<{ signature?: Signature }>({ signature: optionalOperationSignature });
  return joined([unsignedOf(content), signature]);
}

/** Every consensus kind that a block may hold. */
export const CONSENSUS_CASES: readonly Case[] = [...VOTE_CASES, ...AGGREGATES];

/** A vote without its signature: what Meridian casts. */
export const unsignedVote: Encoding<Unsigned<Vote>> = unsignedOf(union(VOTE_CASES));
/** What a tz4 key signs for a vote, without the watermark and the chain. */
export const blsModeVote: Encoding<Unsigned<BlsModeVote>> = unsignedOf(union(BLS_MODE));

/** What stands before the contents of every operation. */
export const operationShell: Encoding<{ branch: BlockHash }> = record({ branch: blockHash });

/** Any operation, its contents not looked at. */
export const rawOperation: Encoding<{ branch: BlockHash; data: string }> = record({
  branch: blockHash,
  data: restHex,
});
