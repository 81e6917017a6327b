import { duration, instant, type Instant } from '@meridian/prelude';
import { level, round, slot, toBase58, type PublicKeyHash, type Round } from '@meridian/tezos';
import { newVoter, stepVoter } from './index.ts';
import { candidateOf } from './proposal.ts';
import type { AttestationMark, Ballot, LevelFacts, Marks, Proposal, Seat } from './index.ts';
import type { VoterEffect, VoterEvent, VoterState } from './index.ts';

/** Values for this lib's tests: rounds of 10 s, each next one 5 s longer, and six seats of equal power. */
const DURATIONS = { minimalBlockDelay: duration(10_000), delayIncrementPerRound: duration(5_000) };
/** When the level before level 100 was, in its round 0; level 100 begins 10 s later. */
const PREDECESSOR_AT = 1_000_000;

/** 32 bytes that differ where the names differ. */
const named = (name: string) =>
  Uint8Array.from({ length: 32 }, (_, at) => name.charCodeAt(at % name.length) ^ at);

export const blockHash = (name: string) => toBase58('blockHash', named(name));
export const payload = (name: string) => toBase58('payloadHash', named(name));
const address = (at: number): PublicKeyHash => toBase58('tz1', new Uint8Array(20).fill(at));

/** Seats 0 to 5, each of power 10; 0 and 1 are ours. */
const SEATS: readonly Seat[] = [0, 1, 2, 3, 4, 5].map(at => ({
  delegate: address(at),
  consensusKey: address(at + 100),
  slot: slot(at),
  power: 10,
}));
export const OWN = SEATS.slice(0, 2);

export function facts(at = 100, own: readonly Seat[] = OWN): LevelFacts {
  const seats = new Map(SEATS.map(seat => [seat.slot, seat]));
  return { level: level(at), durations: DURATIONS, threshold: 40, seats, own };
}

/** What differs between proposals of a test. */
type Draft = {
  readonly level?: number;
  readonly round?: number;
  readonly payload?: string;
  readonly on?: string;
  readonly proof?: number;
  readonly newProtocol?: boolean;
  readonly name?: string;
};

/** When a round of level 100 begins; each later level of the tests begins 10 s after the one before. */
export function startOf(at: number, of = 100): Instant {
  const offset = at * 10_000 + ((at * (at - 1)) / 2) * 5_000;
  return instant(PREDECESSOR_AT + (of - 99) * 10_000 + offset);
}

export function proposal(draft: Draft = {}): Proposal {
  const { level: at = 100, round: in_ = 0, payload: of = 'A', on = 'P', proof } = draft;
  const name = draft.name ?? `${at.toString()}/${in_.toString()}/${of}/${on}`;
  return {
    hash: blockHash(name),
    level: level(at),
    round: round(in_),
    payloadHash: payload(of),
    timestamp: startOf(in_, at),
    proto: draft.newProtocol === true ? 2 : 1,
    predecessor: {
      hash: blockHash(on),
      timestamp: instant(PREDECESSOR_AT + (at - 100) * 10_000),
      round: round(0),
      proto: 1,
      predecessor: blockHash(`before ${on}`),
    },
    prequorumRound: proof === undefined ? null : (proof as Round),
  };
}

/** A voter under test: it is told things and what it wants is noted. */
export type Driver = {
  readonly tell: (at: Instant, event: Untimed) => readonly VoterEffect[];
  readonly state: () => VoterState;
};

type Untimed = VoterEvent extends infer Each
  ? Each extends VoterEvent
    ? Omit<Each, 'at'>
    : never
  : never;

export function driver(sign: 'at_prequorum' | 'early' = 'at_prequorum'): Driver {
  let state = newVoter({ sign });
  return {
    tell: (at, event) => {
      const [next, effects] = stepVoter(state, { ...event, at });
      state = next;
      return effects;
    },
    state: () => state,
  };
}

/** A voter that knows the rights of level 100. */
export function informed(sign?: 'early'): Driver {
  const voter = driver(sign);
  voter.tell(startOf(0), { kind: 'facts', facts: facts() });
  return voter;
}

export function ballotsOf(effects: readonly VoterEffect[]): readonly Ballot[] {
  return effects.flatMap(effect => (effect.kind === 'sign' ? effect.ballots : []));
}

/** The prequorum of a proposal. */
export function prequorumOf(of: Proposal): Untimed {
  return { kind: 'prequorum', candidate: candidateOf(of) };
}

/** What signers say of the own keys, in their order; undefined where they have not said anything yet. */
export function marksOf(
  hash: Proposal['hash'],
  told: readonly (Omit<AttestationMark, 'consensusKey'> | null | 'unknown' | undefined)[],
): Untimed {
  const marks: Marks = new Map(
    OWN.flatMap(({ consensusKey }, at) => {
      const mark = told[at];
      if (mark === undefined) return [];
      return [[consensusKey, isMark(mark) ? { consensusKey, ...mark } : mark] as const];
    }),
  );
  return { kind: 'marks', hash, marks };
}

const isMark = <Mark extends object>(told: Mark | null | 'unknown'): told is Mark =>
  told !== null && told !== 'unknown';

/** What an effect is about, short enough to compare. */
export function inShort(effects: readonly VoterEffect[]): string[] {
  return effects.flatMap(effect => {
    switch (effect.kind) {
      case 'sign':
        return effect.ballots.map(
          ({ kind, slot: of, round: at }) => `sign ${kind} ${of.toString()} r${at.toString()}`,
        );
      case 'inject':
        return `inject ${effect.ballot.kind} ${effect.ballot.slot.toString()}`;
      case 'abstain':
        return ['abstain', effect.reason, ...effect.seats.map(({ slot: of }) => of)].join(' ');
      case 'wake':
      case 'read_marks':
        return effect.kind;
    }
  });
}
