import { assert, err, ok, type Instant, type Result } from '@meridian/prelude';
import type { OperationHash } from '@meridian/tezos';
import { hashOperation } from '@meridian/tezos/hash';
import type { ChainBlock, ChainOperation, Rejection } from './contract.ts';
import type { Judge } from './judge.ts';
import { seatAt } from './rights.ts';
import {
  checkPlace,
  conflict,
  kindOf,
  validate,
  type ChainVote,
  type MempoolView,
} from './votes.ts';
import type { VoteKind } from './votes.ts';

/** The one mempool that all honest nodes share. */
export type Mempool = {
  readonly add: (at: Instant, bytes: Uint8Array) => Result<Added, Rejection>;
  /** A vote that the chain itself has signed, which need not be verified. */
  readonly addOwn: (at: Instant, vote: ChainVote) => Result<Added, Rejection>;
  /** Votes of one kind for a block, on its own branch. */
  readonly votesFor: (kind: VoteKind, block: ChainBlock, branch: string) => Tally;
  /**
   * What is left when all that is held is looked at anew, as a node does at each head: what no longer may be voted or is
   * in a block is not there, and is again where another head makes it so. Recorded: mempool-monitor_operations-pass0.
   */
  readonly operations: () => readonly ChainOperation[];
  /** Forgets what is too old to be voted on. */
  readonly forgetBelow: (level: number) => void;
};

/** An operation that the mempool knows; the vote that it is unless it was known before. */
export type Added = { readonly hash: OperationHash; readonly vote: ChainVote | undefined };

/** Votes for one block, and the power behind them: no slot is counted twice. */
export type Tally = { readonly votes: readonly ChainVote[]; readonly power: number };

const NO_VOTES: Tally = { votes: [], power: 0 };

/** @param lookAt what the mempool sees of the chain at this moment */
export function newMempool(lookAt: () => MempoolView, judge: Judge): Mempool {
  const byPlace = new Map<string, ChainVote>();
  const byHash = new Map<OperationHash, ChainVote>();
  const tallies = new Map<number, Map<string, { votes: ChainVote[]; power: number }>>();
  const count = (vote: ChainVote, { rights }: MempoolView): void => {
    const { level, slot, round, block_payload_hash } = vote.vote;
    const seat = seatAt(rights(level), slot);
    assert(seat !== undefined, 'a valid vote has a seat');
    const ofLevel = tallies.get(level) ?? new Map<string, { votes: ChainVote[]; power: number }>();
    tallies.set(level, ofLevel);
    const subject = subjectOf(kindOf(vote.vote), round, block_payload_hash, vote.branch);
    const tally = ofLevel.get(subject) ?? { votes: [], power: 0 };
    ofLevel.set(subject, tally);
    tally.votes.push(vote);
    tally.power += seat.power;
  };
  const hold = (
    at: Instant,
    hash: OperationHash,
    check: (view: MempoolView) => Result<ChainVote, Rejection>,
  ): Result<Added, Rejection> => {
    const view = lookAt();
    // As in a real node, what is held already or in a live block is not looked at again.
    if (byHash.has(hash) || view.isIncluded(hash)) return ok({ hash, vote: undefined });
    const checked = check(view);
    if (!checked.ok) return checked;
    const { value: vote } = checked;
    judge.vote(at, vote);
    const existing = byPlace.get(placeOf(vote));
    if (existing !== undefined) return err(conflict(vote.hash, vote.vote, existing.hash));
    byPlace.set(placeOf(vote), vote);
    byHash.set(vote.hash, vote);
    count(vote, view);
    return ok({ hash, vote });
  };
  return {
    add: (at, bytes) => {
      const hash = hashOperation(bytes);
      return hold(at, hash, view => validate(view, hash, bytes));
    },
    addOwn: (at, vote) => hold(at, vote.hash, view => checkPlace(view, vote)),
    votesFor: (kind, { level, round, payloadHash }, branch) =>
      tallies.get(level)?.get(subjectOf(kind, round, payloadHash, branch)) ?? NO_VOTES,
    operations: () => {
      const view = lookAt();
      return [...byHash.values()].filter(
        vote =>
          !view.isIncluded(vote.hash) &&
          view.liveBlocks.has(vote.branch) &&
          checkPlace(view, vote).ok,
      );
    },
    forgetBelow: level => {
      for (const [hash, vote] of byHash) {
        if (vote.vote.level >= level) continue;
        byHash.delete(hash);
        byPlace.delete(placeOf(vote));
      }
      for (const old of tallies.keys()) if (old < level) tallies.delete(old);
    },
  };
}

function placeOf({ vote }: ChainVote): string {
  return [kindOf(vote), vote.level, vote.round, vote.slot].join('/');
}

function subjectOf(kind: VoteKind, round: number, payload: string, branch: string): string {
  return [kind, round, payload, branch].join('/');
}
