import type { HandOver } from '@meridian/node-pool';
import { elapsedMs, type Instant } from '@meridian/prelude';
import type { Ballot } from '@meridian/tenderbake';

/** When the cause of a vote was seen, by level, round and kind. */
export type Timings = {
  readonly cause: (kind: Ballot['kind'], level: number, round: number, at: Instant) => void;
  /** Milliseconds from the cause to the vote's hand-over; undefined for a cause that is forgotten. */
  readonly since: (ballot: Ballot, handedOver: HandOver) => number | undefined;
};

/** Causes that are remembered; a round has two. */
const CAUSES_MAX = 32;

export function newTimings(): Timings {
  const causes = new Map<string, Instant>();
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
  };
}
