import { fromBase58, slot, type BlockHash } from '@meridian/tezos';
import { OperatorError } from '../errors.ts';
import type { Ballot } from './ballot.ts';
import { checkBlock, type BlockChecks } from './block-checks.ts';
import type { Keys } from './keys.ts';
import type { NodeBlock } from './node-block.ts';
import { castOwnVote, type OwnVote } from './own-vote.ts';
import type { Rights } from './rights.ts';
import { attestationBranches, checkVotes, type VoteCheck } from './vote-checks.ts';

/** Two consecutive blocks, and what else is known about their level. */
export type ReplayInput = {
  readonly block: NodeBlock;
  readonly next: NodeBlock;
  readonly keys: Keys;
  /** The hash of the block two levels below `block`; undefined: taken from the votes, which must agree. */
  readonly branch: BlockHash | undefined;
  /** Of the level of `block`. */
  readonly rights: Rights | undefined;
  /** Of the level of `next`, for preattestations that it carries. */
  readonly nextRights: Rights | undefined;
  readonly proofOfWorkThreshold: bigint;
  /** The curve of the throw-away key. */
  readonly ownKey: 'tz1' | 'tz2' | 'tz3' | 'tz4';
  /** 32 bytes for that key. */
  readonly seed: Uint8Array;
};

/** Everything that a replay found. */
export type Replay = {
  readonly blocks: readonly BlockChecks[];
  readonly attestations: readonly VoteCheck[];
  /** Votes about `next` itself, which a block carries after a round without quorum. */
  readonly preattestations: readonly VoteCheck[];
  readonly ownVote: OwnVote;
};

/** Any slot will do for a key without rights. */
const ANY_SLOT = slot(0);

/**
 * Checks two blocks as far as their data allows and casts again every vote that they contain.
 * @throws OperatorError `bad_input` when they are not consecutive, or when nothing says the branch
 */
export async function replay(input: ReplayInput): Promise<Replay> {
  const { block, next, keys, rights, nextRights, proofOfWorkThreshold } = input;
  assertConsecutive(block, next);
  const { chainId } = block;
  const ballot = attestationBallot(input);
  const preattested = preattestationBallot(block, next);
  const blocks = [
    await checkBlock(block, keys, proofOfWorkThreshold),
    await checkBlock(next, keys, proofOfWorkThreshold),
  ];
  const voter = { slot: ANY_SLOT, dalAttestation: undefined };
  return {
    blocks,
    attestations: checkVotes(next, { chainId, ballot, rights, keys }),
    preattestations:
      preattested === undefined
        ? []
        : checkVotes(next, { chainId, ballot: preattested, rights: nextRights, keys }),
    ownVote: castOwnVote(chainId, ballot, voter, input.ownKey, input.seed),
  };
}

function assertConsecutive(block: NodeBlock, next: NodeBlock): void {
  const follows = next.header.predecessor === block.hash;
  if (follows && next.chainId === block.chainId) return;
  const wanted = `${next.source}: header.predecessor is ${next.header.predecessor}`;
  throw new OperatorError('bad_input', `${wanted}, but ${block.source} is ${block.hash}`);
}

function attestationBallot({ block, next, branch }: ReplayInput): Ballot {
  return {
    kind: 'attestation',
    branch: branch ?? branchOfVotes(next),
    level: block.header.level,
    round: block.fitness.round,
    payloadHash: block.header.payload_hash,
  };
}

/** The preattestations of a block are about its payload at the round at which it was locked. */
function preattestationBallot(block: NodeBlock, next: NodeBlock): Ballot | undefined {
  const { lockedRound } = next.fitness;
  if (lockedRound === null) return undefined;
  return {
    kind: 'preattestation',
    branch: block.header.predecessor,
    level: next.header.level,
    round: lockedRound,
    payloadHash: next.header.payload_hash,
  };
}

function branchOfVotes(next: NodeBlock): BlockHash {
  const branches = attestationBranches(next);
  const [branch] = branches;
  if (branches.length === 1 && branch !== undefined) {
    fromBase58('blockHash', branch);
    return branch as BlockHash;
  }
  const found = branches.length === 0 ? 'contains no attestation' : 'contains several branches';
  throw new OperatorError('bad_input', `${next.source} ${found}; give --predecessor BLOCK.json`);
}
