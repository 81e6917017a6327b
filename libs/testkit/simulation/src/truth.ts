import type { Instant } from '@meridian/prelude';
import type { ChainBlock, SandboxChain } from '@meridian/sandbox-chain';
import type { Ballot } from '@meridian/tenderbake';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import type { LineEvent } from '@meridian/vote-line';

/** How long the signer takes, at least. */
export const SIGN_MS = 2;
/** Levels that are looked back on. */
const LEVELS_KEPT = 16;
/** The first levels wait for rights and keys, whatever nodes suffer from. */
const COLD_LEVELS = 2;

/** How much later votes were handed over than could be, in milliseconds; null where there was none. */
export type Added = {
  readonly count: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
};

/** Knows the chain itself, and what came when: what votes are held against. */
export type Truth = {
  readonly block: (block: ChainBlock) => void;
  /** A word of a node that says the truth has come to the endorser. */
  readonly heard: (event: LineEvent) => void;
  /** Whether a block of the chain, its branch and the seat are as the vote has them. */
  readonly isRight: (ballot: Ballot) => boolean;
  /** A vote goes to the nodes. */
  readonly handedOver: (ballot: Ballot, at: Instant) => void;
  readonly added: () => Added;
};

/** When a subject of votes came, and the preattestations for it, by slot. */
type Subject = {
  readonly branch: string;
  blockAt: Instant | undefined;
  readonly votes: Map<number, Instant>;
};

/** The truth of a chain, as the endorser could have known it at the earliest. */
export function newTruth(chain: SandboxChain): Truth {
  const levels = new Map<number, Map<string, Subject>>();
  const delays: number[] = [];
  const subjectOf = (level: number, round: number, payload: string): Subject | undefined =>
    levels.get(level)?.get(`${round.toString()} ${payload}`);
  const prequorumAt = (level: number, { votes, blockAt }: Subject): number | undefined => {
    const { seats, threshold } = chain.rights(level);
    const powers = new Map<number, number>(
      seats.map(({ attestationSlot, power }) => [attestationSlot, power]),
    );
    let power = 0;
    for (const [slot, at] of [...votes].sort(([, one], [, other]) => one - other)) {
      power += powers.get(slot) ?? 0;
      if (power >= threshold) return blockAt === undefined ? undefined : Math.max(at, blockAt);
    }
    return undefined;
  };
  return {
    block: ({ level, round, payloadHash, header }) => {
      const ofLevel = levels.get(level) ?? new Map<string, Subject>();
      levels.set(level, ofLevel);
      const branch = chain.block(header.predecessor)?.header.predecessor ?? header.predecessor;
      const subject = { branch, blockAt: undefined, votes: new Map<number, Instant>() };
      ofLevel.set(`${round.toString()} ${payloadHash}`, subject);
      for (const old of levels.keys()) if (old < level - LEVELS_KEPT) levels.delete(old);
    },
    heard: event => {
      if (event.kind === 'block') {
        const block = chain.block((event.item as Pick<ChainBlock, 'hash'>).hash);
        const subject = block && subjectOf(block.level, block.round, block.payloadHash);
        if (subject !== undefined) subject.blockAt ??= event.at;
      }
      if (event.kind !== 'operations') return;
      for (const item of event.items) {
        const [content] = (item as { readonly contents: readonly Content[] }).contents;
        if (content?.kind !== 'preattestation') continue;
        const { level, round, block_payload_hash: payload, slot } = content;
        const votes = subjectOf(level, round, payload)?.votes;
        if (votes?.has(slot) === false) votes.set(slot, event.at);
      }
    },
    isRight: ({ level, round, payloadHash, branch, slot, consensusKey }) =>
      subjectOf(level, round, payloadHash)?.branch === branch &&
      chain
        .rights(level)
        .seats.some(
          seat =>
            seat.attestationSlot === slot && publicKeyHashOf(seat.consensusKey) === consensusKey,
        ),
    handedOver: ({ kind, level, round, payloadHash }, at) => {
      const subject = subjectOf(level, round, payloadHash);
      if (subject === undefined || level <= COLD_LEVELS) return;
      // Before the first vote of a later round the signer is asked what it signed.
      const steps = kind === 'preattestation' && round > 0 ? 2 : 1;
      const from = kind === 'preattestation' ? subject.blockAt : prequorumAt(level, subject);
      if (from !== undefined) delays.push(at - from - steps * SIGN_MS);
    },
    added: () => addedOf(delays),
  };
}

type Content = {
  readonly kind: string;
  readonly slot: number;
  readonly level: number;
  readonly round: number;
  readonly block_payload_hash: string;
};

function addedOf(delays: readonly number[]): Added {
  const sorted = [...delays].sort((one, other) => one - other);
  const at = (share: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? null };
}
