import { err, ok, type Instant, type Result } from '@meridian/prelude';
import type { OperationHash } from '@meridian/tezos';
import { hashOperation } from '@meridian/tezos/hash';
import type { ChainBlock, ChainOperation, LevelRights, Rejection } from './contract.ts';
import type { Judge } from './judge.ts';
import {
  conflict,
  kindOf,
  validate,
  type ChainVote,
  type MempoolView,
  type VoteKind,
} from './votes.ts';

/** The one mempool that all honest nodes share. */
export type Mempool = {
  readonly add: (at: Instant, bytes: Uint8Array) => Result<Added, Rejection>;
  /** Votes of one kind for a block, on its own branch. */
  readonly votesFor: (kind: VoteKind, block: ChainBlock, branch: string) => readonly ChainVote[];
  readonly operations: () => readonly ChainOperation[];
  /** Forgets what is too old to be voted on. */
  readonly forgetBelow: (level: number) => void;
};

/** An operation that the mempool knows; the vote that it is unless it was known before. */
export type Added = { readonly hash: OperationHash; readonly vote: ChainVote | undefined };

/** @param lookAt what the mempool sees of the chain at this moment */
export function newMempool(lookAt: () => MempoolView, judge: Judge): Mempool {
  const byPlace = new Map<string, ChainVote>();
  const byHash = new Map<OperationHash, ChainVote>();
  return {
    add: (at, bytes) => {
      const hash = hashOperation(bytes);
      const view = lookAt();
      // As in a real node, what is held already or in a live block is not looked at again.
      if (byHash.has(hash) || view.isIncluded(hash)) return ok({ hash, vote: undefined });
      const checked = validate(view, hash, bytes);
      if (!checked.ok) return checked;
      const { value: vote } = checked;
      judge.vote(at, vote);
      const existing = byPlace.get(placeOf(vote));
      if (existing !== undefined) return err(conflict(vote.hash, vote.vote, existing.hash));
      byPlace.set(placeOf(vote), vote);
      byHash.set(vote.hash, vote);
      return ok({ hash, vote });
    },
    votesFor: (kind, { level, round, payloadHash }, branch) =>
      [...byHash.values()].filter(
        ({ vote, branch: of }) =>
          kindOf(vote) === kind &&
          vote.level === level &&
          vote.round === round &&
          vote.block_payload_hash === payloadHash &&
          of === branch,
      ),
    operations: () => [...byHash.values()],
    forgetBelow: level => {
      for (const [hash, vote] of byHash) {
        if (vote.vote.level >= level) continue;
        byHash.delete(hash);
        byPlace.delete(placeOf(vote));
      }
    },
  };
}

function placeOf({ vote }: ChainVote): string {
  return [kindOf(vote), vote.level, vote.round, vote.slot].join('/');
}

/** The power behind votes. */
export function powerOf(votes: readonly ChainVote[], { seats }: LevelRights): number {
  const slots = new Set(votes.map(({ vote }) => vote.slot));
  return seats.reduce(
    (sum, { attestationSlot, power }) => sum + (slots.has(attestationSlot) ? power : 0),
    0,
  );
}
