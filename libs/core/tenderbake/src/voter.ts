import type { Instant } from '@meridian/prelude';
import type { BlockHash, Level, PayloadHash, PublicKeyHash, Round } from '@meridian/tezos';
import type { AttestationMark, Ballot, Candidate, LevelFacts } from './proposal.ts';
import type { Proposal, Seat } from './proposal.ts';

/** A reason to abstain. */
export type AbstentionRow = {
  readonly why: string;
  /** Whether our own side fell short: nodes or signers, and not the block. */
  readonly isOurs: boolean;
};

/** Why no vote was cast on a block; the key is the reason in logs and metrics. */
export const ABSTENTIONS = {
  late_block: { why: 'the block came after its round had ended', isOurs: false },
  rival_block: {
    why: 'another block of the same round and predecessor came first',
    isOurs: false,
  },
  locked: {
    why: 'an attestation was given to another payload, and nothing in the block unlocks it',
    isOurs: false,
  },
  lesser_branch: {
    why: 'a payload of this level has a prequorum, and the block on another predecessor has no later one',
    isOurs: false,
  },
  marks_unknown: { why: 'no signer said what the key signed at this level', isOurs: true },
  no_prequorum: {
    why: 'the block was preattested, but no prequorum was seen in its round',
    isOurs: false,
  },
  protocol_unknown: {
    why: 'this version does not know the protocol, and no configuration says which one it equals',
    isOurs: true,
  },
  migration_block: { why: 'the first block of a protocol takes no votes', isOurs: false },
  rights_unknown: { why: 'the rights of the level were not agreed on in time', isOurs: true },
} as const satisfies Record<string, AbstentionRow>;

/** One of the reasons of {@link ABSTENTIONS}. */
export type Abstention = keyof typeof ABSTENTIONS;

/** How a voter votes. */
export type VoterOptions = {
  /** When attestations are signed: at the prequorum, or with the preattestation for a slow vault. */
  readonly sign: 'at_prequorum' | 'early';
};

/** The last attestation of each key: null where there was none, `unknown` where nobody could say. */
export type Marks = ReadonlyMap<PublicKeyHash, AttestationMark | null | 'unknown'>;

/** What a voter is told; each event says when it was. */
export type VoterEvent = { readonly at: Instant } & (
  | { readonly kind: 'proposal'; readonly proposal: Proposal }
  | { readonly kind: 'facts'; readonly facts: LevelFacts }
  /** A quorum of power is known to have preattested the candidate. */
  | { readonly kind: 'prequorum'; readonly candidate: Candidate }
  /** What signers remember of some of the keys that were asked for. */
  | { readonly kind: 'marks'; readonly hash: BlockHash; readonly marks: Marks }
  /** A signed vote, ready to be injected: `operation` is its bytes in hexadecimal. */
  | { readonly kind: 'signed'; readonly ballot: Ballot; readonly operation: string }
  /** A `wake` has come. */
  | { readonly kind: 'timer'; readonly hash: BlockHash }
);

/** What a voter wants done. */
export type VoterEffect =
  | { readonly kind: 'sign'; readonly ballots: readonly Ballot[] }
  | { readonly kind: 'inject'; readonly ballot: Ballot; readonly operation: string }
  /** Ask the signers for the marks of these keys, and send `marks` with the same hash for each as it is known. */
  | {
      readonly kind: 'read_marks';
      readonly hash: BlockHash;
      readonly keys: readonly PublicKeyHash[];
    }
  /** Send `timer` at this time. */
  | { readonly kind: 'wake'; readonly at: Instant; readonly hash: BlockHash }
  | {
      readonly kind: 'abstain';
      readonly level: Level;
      readonly round: Round;
      readonly hash: BlockHash;
      readonly reason: Abstention;
      /** Whose votes are not cast; empty while the rights of the level are not known. */
      readonly seats: readonly Seat[];
    };

/** What is going on about the latest proposal. */
export type Phase = 'idle' | 'awaiting_preattestations' | 'awaiting_attestations';

/** The level that is voted on. */
export type LevelState = {
  readonly facts: LevelFacts;
  readonly latest: Proposal;
  readonly phase: Phase;
  /** Own seats that preattest the latest proposal once their marks are known. */
  readonly unread: readonly Seat[];
  /** Own seats whose preattestations of the latest proposal were asked for. */
  readonly preattested: readonly Seat[];
  /** The payload that was attested last at this level: nothing else is preattested without a later prequorum. */
  readonly lock: { readonly round: Round; readonly payloadHash: PayloadHash } | undefined;
  /** The proposal with the latest prequorum of this level. */
  readonly attestable: { readonly proposal: Proposal; readonly round: Round } | undefined;
  /** The first block of each predecessor and round. */
  readonly heard: ReadonlyMap<string, BlockHash>;
  /** Attestations that were signed early and wait for their prequorum. */
  readonly held: readonly { readonly ballot: Ballot; readonly operation: string }[];
};

/** All that a voter knows. */
export type VoterState = {
  readonly options: VoterOptions;
  readonly level: LevelState | undefined;
  /** Facts by level, ahead of their blocks. */
  readonly facts: ReadonlyMap<Level, LevelFacts>;
  /** Proposals that came before their time or before the facts of their level, by hash. */
  readonly waiting: ReadonlyMap<BlockHash, Proposal>;
  /** Candidates that had their prequorum, by name, the latest last. */
  readonly prequorums: ReadonlySet<string>;
};

/** The outcome of a step. */
export type Step = readonly [VoterState, readonly VoterEffect[]];

/** A voter that has seen nothing yet. */
export function newVoter(options: VoterOptions): VoterState {
  const none = new Map<never, never>();
  return { options, level: undefined, facts: none, waiting: none, prequorums: new Set() };
}

/** Runs steps one after another on what the one before left, and gathers what they want done. */
export function inTurn(
  state: VoterState,
  ...steps: readonly ((state: VoterState) => Step)[]
): Step {
  let [now, effects]: Step = [state, []];
  for (const step of steps) {
    const [next, more] = step(now);
    [now, effects] = [next, [...effects, ...more]];
  }
  return [now, effects];
}

/** An abstention of these seats from a block; nothing is said where nobody would have voted. */
export function abstain(
  { level, round, hash }: Pick<Proposal, 'level' | 'round' | 'hash'>,
  reason: Abstention,
  seats: readonly Seat[],
): readonly VoterEffect[] {
  return seats.length === 0 ? [] : [{ kind: 'abstain', level, round, hash, reason, seats }];
}
