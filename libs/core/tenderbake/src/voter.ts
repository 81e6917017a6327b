import type { Instant } from '@meridian/prelude';
import type { BlockHash, Level, PayloadHash, Round } from '@meridian/tezos';
import type { Heard } from './count.ts';
import type { AttestationMark, Ballot, LevelFacts, Preattestation, Proposal } from './proposal.ts';

/** Why no vote was cast on a block; the key is the reason in logs and metrics. */
export const ABSTENTIONS = {
  late_block: 'the block came after its round had ended',
  rival_block: 'another block of the same round and predecessor came first',
  locked: 'an attestation was given to another payload, and nothing in the block unlocks it',
  lesser_branch:
    'a payload of this level has a prequorum, and the block on another predecessor has no later one',
  marks_unknown: 'the signer did not say what it signed at this level',
  no_prequorum: 'the block was preattested, but no prequorum was seen in its round',
  migration_block: 'the first block of a protocol takes no votes',
  rights_unknown: 'the rights of the level were not agreed on in time',
} as const;

/** One of the reasons of {@link ABSTENTIONS}. */
export type Abstention = keyof typeof ABSTENTIONS;

/** How a voter votes. */
export type VoterOptions = {
  /** When attestations are signed: at the prequorum, or with the preattestation for a slow vault. */
  readonly sign: 'at_prequorum' | 'early';
};

/** What a voter is told; each event says when it was. */
export type VoterEvent = { readonly at: Instant } & (
  | { readonly kind: 'proposal'; readonly proposal: Proposal }
  | { readonly kind: 'facts'; readonly facts: LevelFacts }
  | { readonly kind: 'preattestations'; readonly votes: readonly Preattestation[] }
  /** What the signer remembers; null when it could not be asked. */
  | {
      readonly kind: 'marks';
      readonly hash: BlockHash;
      readonly marks: readonly AttestationMark[] | null;
    }
  /** A signed vote, ready to be injected: `operation` is its bytes in hexadecimal. */
  | { readonly kind: 'signed'; readonly ballot: Ballot; readonly operation: string }
  /** A `wake` has come. */
  | { readonly kind: 'timer'; readonly hash: BlockHash }
);

/** What a voter wants done. */
export type VoterEffect =
  | { readonly kind: 'sign'; readonly ballots: readonly Ballot[] }
  | { readonly kind: 'inject'; readonly ballot: Ballot; readonly operation: string }
  /** Ask the signer for the marks of all own keys, then send `marks` with the same hash. */
  | { readonly kind: 'read_marks'; readonly hash: BlockHash }
  /** Send `timer` at this time. */
  | { readonly kind: 'wake'; readonly at: Instant; readonly hash: BlockHash }
  | {
      readonly kind: 'abstain';
      readonly level: Level;
      readonly round: Round;
      readonly hash: BlockHash;
      readonly reason: Abstention;
    };

/** What is going on about the latest proposal. */
export type Phase = 'idle' | 'reading_marks' | 'awaiting_preattestations' | 'awaiting_attestations';

/** The level that is voted on. */
export type LevelState = {
  readonly facts: LevelFacts;
  readonly latest: Proposal;
  readonly phase: Phase;
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
  readonly heardVotes: Heard;
};

/** The outcome of a step. */
export type Step = readonly [VoterState, readonly VoterEffect[]];

/** A voter that has seen nothing yet. */
export function newVoter(options: VoterOptions): VoterState {
  const none = new Map<never, never>();
  return { options, level: undefined, facts: none, waiting: none, heardVotes: none };
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

/** An abstention from a block. */
export function abstain(
  { level, round, hash }: Pick<Proposal, 'level' | 'round' | 'hash'>,
  reason: Abstention,
): VoterEffect {
  return { kind: 'abstain', level, round, hash, reason };
}
