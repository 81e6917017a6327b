import { err, ok, type Instant, type Result } from '@meridian/prelude';
import type { OperationHash } from '@meridian/tezos';
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

/** A vote that is in the mempool, now or since before. */
export type Added = { readonly vote: ChainVote; readonly isNew: boolean };

/** @param lookAt what the mempool sees of the chain at this moment */
export function newMempool(lookAt: () => MempoolView, judge: Judge): Mempool {
  const byPlace = new Map<string, ChainVote>();
  const byHash = new Map<OperationHash, ChainVote>();
  return {
    add: (at, bytes) => {
      const checked = validate(lookAt(), bytes);
      if (!checked.ok) return checked;
      const { value: vote } = checked;
      const known = byHash.get(vote.hash);
      if (known !== undefined) return ok({ vote: known, isNew: false });
      judge.vote(at, vote);
      const existing = byPlace.get(placeOf(vote));
      if (existing !== undefined) return err(conflict(vote.hash, vote.vote, existing.hash));
      byPlace.set(placeOf(vote), vote);
      byHash.set(vote.hash, vote);
      return ok({ vote, isNew: true });
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
