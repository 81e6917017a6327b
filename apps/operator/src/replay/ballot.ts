import type { BlockHash, Level, PayloadHash, Round, Slot } from '@meridian/tezos';
import type { Aggregate, Unsigned, Vote } from '@meridian/tezos/forge';

/** What a level's voters vote on: the same for all of them. */
export type Ballot = {
  readonly kind: 'preattestation' | 'attestation';
  /** The hash of the block two levels below. */
  readonly branch: BlockHash;
  readonly level: Level;
  readonly round: Round;
  readonly payloadHash: PayloadHash;
};

/** What one voter adds: its slot, and the DAL slots that it saw. */
export type Voter = { readonly slot: Slot; readonly dalAttestation: string | undefined };

/** The vote that Meridian casts. */
export function voteOf(ballot: Ballot, { slot, dalAttestation }: Voter): Unsigned<Vote> {
  const { kind, branch, level, round, payloadHash } = ballot;
  const content = { slot, level, round, block_payload_hash: payloadHash };
  if (kind === 'preattestation' || dalAttestation === undefined) {
    return { branch, contents: [{ kind, ...content }] };
  }
  const dal = {
    kind: 'attestation_with_dal',
    ...content,
    dal_attestation: dalAttestation,
  } as const;
  return { branch, contents: [dal] };
}

/** The operation into which a block producer gathers such votes of tz4 keys. */
export function aggregateOf(ballot: Ballot, voters: readonly Voter[]): Unsigned<Aggregate> {
  const { kind, branch, level, round, payloadHash } = ballot;
  const consensus_content = { level, round, block_payload_hash: payloadHash };
  if (kind === 'preattestation') {
    const committee = voters.map(({ slot }) => slot);
    return {
      branch,
      contents: [{ kind: 'preattestations_aggregate', consensus_content, committee }],
    };
  }
  const committee = voters.map(({ slot, dalAttestation }) =>
    dalAttestation === undefined ? { slot } : { slot, dal_attestation: dalAttestation },
  );
  return { branch, contents: [{ kind: 'attestations_aggregate', consensus_content, committee }] };
}
