import { duration, instant, type Instant } from '@meridian/prelude';
import { newVoter, stepVoter } from '@meridian/tenderbake';
import type { Ballot, LevelFacts, Proposal, Seat } from '@meridian/tenderbake';
import type { VoterEvent } from '@meridian/tenderbake';
import { level, round, slot, toBase58, type BlockHash, type PublicKeyHash } from '@meridian/tezos';
import type { LineEffect } from '@meridian/vote-line';
import { bearsOnRights, newAttribution, stepAttribution } from './index.ts';
import type { AttributionEffect, AttributionEvent, NodeAnswer } from './index.ts';

/** The level whose right is followed, and how many nodes have to take a vote of it. */
export const LEVEL = 100;
const QUORUM = 2;

const ROUND_MS = 10_000;
const DURATIONS = { minimalBlockDelay: duration(ROUND_MS), delayIncrementPerRound: duration(0) };
const named = (name: string) =>
  Uint8Array.from({ length: 32 }, (_, at) => name.charCodeAt(at % name.length) ^ at);
export const blockHash = (name: string): BlockHash => toBase58('blockHash', named(name));
export const payload = (name: string) => toBase58('payloadHash', named(name));
const address = (at: number): PublicKeyHash => toBase58('tz1', new Uint8Array(20).fill(at));

const SEATS: readonly Seat[] = [0, 1, 2, 3, 4, 5].map(at => ({
  ...{ delegate: address(at), consensusKey: address(at + 100), slot: slot(at), power: 10 },
}));
/** The own seat. */
export const [OWN] = SEATS as [Seat];

export function facts(of: number): LevelFacts {
  const seats = new Map(SEATS.map(seat => [seat.slot, seat]));
  return { level: level(of), durations: DURATIONS, threshold: 40, seats, own: [OWN] };
}

/** When a round begins, where all levels before had one round. */
export function startOf(of: number, in_ = 0): Instant {
  return instant(1_000_000 + (of - LEVEL + in_) * ROUND_MS);
}

/** What differs between blocks; the name is the hash, and the default of the payload. */
export type Draft = { readonly round?: number; readonly payload?: string; readonly on?: string };

/** A block named like `100`, built on the one named like the level before. */
export function proposal(name: string, of: number, draft: Draft = {}): Proposal {
  const { round: in_ = 0, payload: is = name, on = (of - 1).toString() } = draft;
  return {
    ...{ hash: blockHash(name), level: level(of), round: round(in_), payloadHash: payload(is) },
    ...{ timestamp: startOf(of, in_), proto: 1, prequorumRound: null },
    predecessor: {
      ...{ hash: blockHash(on), timestamp: startOf(of - 1), round: round(0), proto: 1 },
      predecessor: blockHash((of - 2).toString()),
    },
  };
}

/** A voter whose right at {@link LEVEL} is followed; what is told of it is gathered. */
export function story(sign: 'at_prequorum' | 'early' = 'at_prequorum', startedAt = startOf(0)) {
  let voter = newVoter({ sign });
  let attribution = newAttribution(QUORUM, startedAt);
  const told: AttributionEffect[] = [];
  const wanted: Ballot[] = [];
  const out: Ballot[] = [];
  const tell = (event: AttributionEvent): void => {
    const [next, effects] = stepAttribution(attribution, event);
    attribution = next;
    told.push(...effects);
  };
  const see = (at: Instant, effect: LineEffect): void => {
    if (bearsOnRights(effect)) tell({ kind: 'line', at, effect });
    if (effect.kind === 'sign') wanted.push(...effect.ballots);
    if (effect.kind === 'inject') out.push(effect.ballot);
  };
  const hear = (event: VoterEvent): void => {
    const [next, effects] = stepVoter(voter, event);
    voter = next;
    for (const effect of effects) see(event.at, effect);
  };
  const learn = (of: number): void => {
    see(startOf(of), { kind: 'facts', facts: facts(of) });
    hear({ kind: 'facts', at: startOf(of), facts: facts(of) });
  };
  const block = (seen: Proposal, at: Instant = seen.timestamp): void => {
    see(at, { kind: 'proposal', proposal: seen, node: 'node1' });
    hear({ kind: 'proposal', at, proposal: seen });
  };
  return {
    ...{ told, tell, out, learn, block, state: () => attribution },
    /** The others preattest a block. */
    prequorum: (of: Proposal): void => {
      const { level: at, round: in_, payloadHash, predecessor } = of;
      const candidate = { level: at, round: in_, payloadHash, branch: predecessor.predecessor };
      hear({ kind: 'prequorum', at: of.timestamp, candidate });
    },
    /** The signers answer to what is wanted: `signed`, `shared`, or the code of a refusal. */
    answer: (said: string, at: Instant = startOf(LEVEL)): void => {
      if (wanted.length === 0) throw new Error('nothing is wanted');
      for (const ballot of wanted.splice(0)) {
        if (said === 'signed' || said === 'shared') {
          tell({ kind: 'answered', ballot, answer: { kind: said } });
          hear({ kind: 'signed', at, ballot, operation: 'ab' });
        } else tell({ kind: 'answered', ballot, answer: { kind: 'unsigned', code: said } });
      }
    },
    /** Some nodes say this to the last vote that went out. */
    nodes: (answers: readonly NodeAnswer[], at: Instant = startOf(LEVEL)): void => {
      const ballot = out.at(-1);
      if (ballot === undefined) throw new Error('nothing went out');
      tell({ kind: 'handed', ballot, at });
      tell({ kind: 'receipts', ballot, receipts: answers.map(answer => ({ answer, at })) });
    },
    /** The chain goes on: the block after the level has these slots' attestations, and two are built on it. */
    end: (decided: Proposal, slots: readonly number[] = [1, 2, 3, 4]): void => {
      for (const next of blocksAfter(decided)) {
        learn(next.level);
        block(next);
      }
      tell(passAfter(decided, slots));
    },
    /** What became of the right. */
    rights: () =>
      told.flatMap(each =>
        each.kind === 'right' && each.right.level === LEVEL ? [each.right] : [],
      ),
  };
}

/** The attestations for a block that the one after it has. */
function passAfter({ round: in_, payloadHash }: Proposal, slots: readonly number[]) {
  const vote = { level: level(LEVEL), round: in_, payloadHash, carrier: 'attestation' } as const;
  const attestations = slots.map(each => ({ ...vote, slot: slot(each) }));
  return { kind: 'pass', hash: blockHash((LEVEL + 1).toString()), attestations } as const;
}

/** The three blocks that make the one before them final. */
function blocksAfter({ hash, predecessor }: Proposal): readonly Proposal[] {
  const names = [1, 2, 3].map(more => (LEVEL + more).toString());
  const hashes = [predecessor.hash, hash, ...names.map(blockHash)];
  return names.map((name, at) => {
    const next = proposal(name, LEVEL + 1 + at);
    const before = { hash: hashes[at + 1] ?? hash, predecessor: hashes[at] ?? hash };
    return { ...next, predecessor: { ...next.predecessor, ...before } };
  });
}

export type Story = ReturnType<typeof story>;
