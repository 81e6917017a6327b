import type { HandOver } from '@meridian/node-pool';
import { elapsedMs, type Instant } from '@meridian/prelude';
import type { Ballot } from '@meridian/tenderbake';

/** What a time is remembered of: the cause of a vote, or the timestamp of a block. */
type Cause = Ballot['kind'] | 'block';

/** When the cause of a vote was seen, by level, round and kind, and when nodes began to answer. */
export type Timings = {
  readonly cause: (kind: Cause, level: number, round: number, at: Instant) => void;
  /** Milliseconds from the cause to the vote's hand-over; undefined for a cause that is forgotten. */
  readonly since: (ballot: Ballot, handedOver: HandOver) => number | undefined;
  /** A node said something. */
  readonly answered: (at: Instant) => void;
  /**
   * For the first vote that is handed over: milliseconds since nodes answered, or since the timestamp of its block where
   * that is later, for no vote can be before its block. Undefined for every other vote.
   */
  readonly sinceStart: (ballot: Ballot, handedOver: HandOver) => number | undefined;
};

/** Causes that are remembered; a round has two, and a block. */
const CAUSES_MAX = 48;

export function newTimings(): Timings {
  const causes = new Map<string, Instant>();
  let answeredAt: Instant | undefined;
  let isFirst = true;
  const nameOf = (kind: string, level: number, round: number): string =>
    `${kind}/${level.toString()}/${round.toString()}`;
  return {
    cause: (kind, level, round, at) => {
      const name = nameOf(kind, level, round);
      if (!causes.has(name)) causes.set(name, at);
      for (const old of causes.keys()) {
        if (causes.size <= CAUSES_MAX) break;
        causes.delete(old);
      }
    },
    since: ({ kind, level, round }, { at }) => {
      const cause = causes.get(nameOf(kind, level, round));
      return cause === undefined ? undefined : elapsedMs(cause, at);
    },
    answered: at => {
      answeredAt ??= at;
    },
    sinceStart: ({ level, round }, { at }) => {
      if (!isFirst || answeredAt === undefined) return undefined;
      isFirst = false;
      const block = causes.get(nameOf('block', level, round));
      return elapsedMs(block !== undefined && block > answeredAt ? block : answeredAt, at);
    },
  };
}
