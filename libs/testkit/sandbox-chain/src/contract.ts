import type { Duration, Instant, Result } from '@meridian/prelude';
import type { BlockHash, ChainId, Level, OperationHash, PayloadHash } from '@meridian/tezos';
import type { Protocol, PublicKey, PublicKeyHash, Round, Slot } from '@meridian/tezos';
import type { Trouble } from './troubles.ts';
import type { BlockHeader, Signed, Vote, Aggregate, Evidence } from '@meridian/tezos/forge';

/** A baker of the chain. One with a secret is played by the chain itself, one without votes from outside. */
export type Baker = {
  readonly delegate: PublicKeyHash;
  readonly consensusKey: PublicKey;
  /** Share of the stake in any unit. */
  readonly stake: number;
};

/** What a chain is made of; all chance comes from `seed`. */
export type ChainOptions = {
  readonly seed: number;
  readonly protocol: Protocol;
  readonly genesisTime: Instant;
  readonly minimalBlockDelay: Duration;
  readonly delayIncrementPerRound: Duration;
  readonly committeeSize: number;
  readonly blocksPerCycle: number;
  /** Every baker attests every block with a power of its stake (design: protocol.md 1.3). */
  readonly allBakersAttest: boolean;
  /** How many bakers of each curve the chain plays itself, all with real power. */
  readonly robots: {
    readonly tz1: number;
    readonly tz2: number;
    readonly tz3: number;
    readonly tz4: number;
  };
  /** What each of them stakes, beside the guests; 100 when it is left out. */
  readonly robotStake?: number;
  /** Bakers that vote from outside. */
  readonly guests: readonly Baker[];
  /** How long a message of a robot takes to get to all others, at least and at most. */
  readonly latency: { readonly min: Duration; readonly max: Duration };
  /** Trouble that the robots make on purpose. */
  readonly script: readonly Trouble[];
  /** Protocols that follow `protocol`, by ascending level; none when it is left out. */
  readonly activations?: readonly Activation[];
};

/** A change of protocol. */
export type Activation = {
  /**
   * The level of the migration block, as in a node's `user_activated_upgrades`: the last that the old protocol applies.
   * Nobody votes on it. From the next level on everything is the new protocol's.
   */
  readonly level: number;
  readonly protocol: Protocol;
  /** Durations of the new protocol; those before when they are left out. */
  readonly minimalBlockDelay?: Duration;
  readonly delayIncrementPerRound?: Duration;
};

/** An operation as the chain holds it. */
export type ChainOperation = {
  readonly hash: OperationHash;
  readonly bytes: Uint8Array;
  readonly value: Signed<Vote | Aggregate | Evidence>;
};

/** A block as the chain holds it. */
export type ChainBlock = {
  readonly hash: BlockHash;
  readonly header: BlockHeader;
  readonly bytes: Uint8Array;
  readonly level: Level;
  readonly round: Round;
  readonly payloadHash: PayloadHash;
  /** Four passes; all but the first hold what the chain has of it. */
  readonly operations: readonly (readonly ChainOperation[])[];
};

/** Rights of one baker at one level. */
export type Seat = {
  readonly delegate: PublicKeyHash;
  readonly consensusKey: PublicKey;
  /** The lottery slots, ascending: the rounds that it owns. */
  readonly rounds: readonly number[];
  readonly attestationSlot: Slot;
  readonly power: number;
};

/** Rights of a level. */
export type LevelRights = {
  readonly level: Level;
  readonly threshold: number;
  readonly committee: number;
  readonly seats: readonly Seat[];
};

/** Something that every honest node learns, in the order in which it happened. */
export type ChainEvent =
  | { readonly kind: 'validated'; readonly at: Instant; readonly block: ChainBlock }
  | { readonly kind: 'head'; readonly at: Instant; readonly block: ChainBlock }
  | { readonly kind: 'operation'; readonly at: Instant; readonly operation: ChainOperation };

/** Why an operation or block is refused, as a node says it: the `id` suffix and its class. */
export type Rejection = {
  /** Without the protocol prefix, such as `validate.wrong_slot_for_consensus_operation`. */
  readonly id: string;
  readonly class: 'refused' | 'branch_refused' | 'branch_delayed' | 'outdated';
  /** The text that an injection answers with. */
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** What became of a guest's right to attest one level; judged when two more blocks are there. */
export type Verdict = {
  readonly level: Level;
  readonly delegate: PublicKeyHash;
  readonly round: Round;
  readonly attested: boolean;
  /** When the node side first saw its votes for the block that became final; null when it never did. */
  readonly preattestationSeen: Instant | null;
  readonly attestationSeen: Instant | null;
};

/** Two messages of one baker that the chain's rule punishes. */
export type DoubleSigning = {
  readonly delegate: PublicKeyHash;
  readonly kind: 'preattestation' | 'attestation' | 'block';
  readonly level: Level;
  readonly round: Round;
};

/** A Tenderbake chain with the bakers that it plays. It has no clock: whoever drives it says what time it is. */
export type SandboxChain = {
  readonly options: ChainOptions;
  readonly chainId: ChainId;
  readonly genesis: ChainBlock;
  /** When something is due next, such as the block of a robot. */
  readonly nextWake: () => Instant;
  /** Lets everything happen that is due by `at`; `at` never goes back. */
  readonly advanceTo: (at: Instant) => readonly ChainEvent[];
  /** A guest's operation; it is validated as a mempool does, and the event comes with the next `advanceTo`. */
  readonly inject: (at: Instant, bytes: Uint8Array) => Result<OperationHash, Rejection>;
  readonly head: () => ChainBlock;
  readonly block: (hash: BlockHash) => ChainBlock | undefined;
  /** The block of the main chain at a level. */
  readonly atLevel: (level: number) => ChainBlock | undefined;
  readonly rights: (level: number) => LevelRights;
  /** What a mempool holds now: votes around the head. */
  readonly mempool: () => readonly ChainOperation[];
  /** Block hashes that an operation may name as branch. */
  readonly liveBlocks: () => readonly BlockHash[];
  readonly participation: (delegate: PublicKeyHash) => {
    readonly missedLevels: number;
    readonly missedSlots: number;
  };
  /** Verdicts on guests since the last call. */
  readonly takeVerdicts: () => readonly Verdict[];
  readonly doubleSignings: () => readonly DoubleSigning[];
};
