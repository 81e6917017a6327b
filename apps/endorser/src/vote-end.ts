import type { Instant } from '@meridian/prelude';
import type { VoterState } from '@meridian/tenderbake';
import { round, roundStart } from '@meridian/tezos';

/**
 * Until when a vote that goes out now is worth bringing to a node that is behind: the start of the round after next of
 * the level that is voted on. Undefined before the first one.
 */
export function voteEnd({ level }: Pick<VoterState, 'level'>): Instant | undefined {
  if (level === undefined) return undefined;
  const { facts, latest } = level;
  return roundStart(facts.durations, latest.predecessor, round(latest.round + 2));
}
