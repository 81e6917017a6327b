import type { Instant } from '@meridian/prelude';
import type { BlockHash, Level, PayloadHash, PublicKeyHash } from '@meridian/tezos';
import type { Round, RoundDurations, Slot } from '@meridian/tezos';

/** A block that asks for votes, with what is needed of its past. All of it was verified before it came here. */
export type Proposal = {
  readonly hash: BlockHash;
  readonly level: Level;
  readonly round: Round;
  readonly payloadHash: PayloadHash;
  readonly timestamp: Instant;
  /** Counts the protocols of the chain; a block that counts one more than its predecessor is never voted on. */
  readonly proto: number;
  readonly predecessor: {
    readonly hash: BlockHash;
    readonly timestamp: Instant;
    readonly round: Round;
    readonly proto: number;
    /** The hash at level L-2, which every vote on this block names as its branch. */
    readonly predecessor: BlockHash;
  };
  /** The round whose prequorum the block carries as proof for its locked payload; null without one. */
  readonly prequorumRound: Round | null;
};

/** A right to attest a level. */
export type Seat = {
  readonly delegate: PublicKeyHash;
  readonly consensusKey: PublicKeyHash;
  readonly slot: Slot;
  readonly power: number;
};

/** What holds for the votes of one level. */
export type LevelFacts = {
  readonly level: Level;
  readonly durations: RoundDurations;
  /** The power of a quorum and of a prequorum. */
  readonly threshold: number;
  readonly seats: ReadonlyMap<Slot, Seat>;
  /** The seats that this voter votes for. */
  readonly own: readonly Seat[];
};

/** The vote of one seat, before it is signed. */
export type Ballot = {
  readonly kind: 'preattestation' | 'attestation';
  readonly delegate: PublicKeyHash;
  readonly consensusKey: PublicKeyHash;
  readonly slot: Slot;
  readonly level: Level;
  readonly round: Round;
  readonly payloadHash: PayloadHash;
  readonly branch: BlockHash;
};

/** What votes are counted for: only those that name all of this alike are counted together. */
export type Candidate = {
  readonly level: Level;
  readonly round: Round;
  readonly payloadHash: PayloadHash;
  readonly branch: BlockHash;
};

/** One name for one candidate, also where nobody has read yet what a vote says. */
export function candidateName(of: Readonly<Record<keyof Candidate, unknown>>): string {
  return [of.level, of.round, of.payloadHash, of.branch].join('/');
}

/** What a vote for a proposal is counted for. */
export function candidateOf(proposal: Proposal): Candidate {
  const { level, round, payloadHash, predecessor } = proposal;
  return { level, round, payloadHash, branch: predecessor.predecessor };
}

/** The last attestation that a key signed, as its signer remembers it: at its own level this is the lock. */
export type AttestationMark = {
  readonly consensusKey: PublicKeyHash;
  readonly level: Level;
  readonly round: Round;
  /** Null when the mark is a floor that nothing was signed at. */
  readonly payloadHash: PayloadHash | null;
};
