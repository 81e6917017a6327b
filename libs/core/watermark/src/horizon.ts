import { assert, type Duration, type Instant } from '@meridian/prelude';
import type { Level } from '@meridian/tezos';

/**
 * A line above which no level can be yet: it starts at a block that was agreed on and rises by one level
 * a minimal block delay. Its base moves by provisioning or by agreement of the edge nodes, never by a
 * request: a base that followed the mark could be pushed up by a few thousand requests.
 */
export type Horizon = {
  readonly baseLevel: Level;
  readonly baseTime: Instant;
  readonly minimalBlockDelay: Duration;
  /** Levels above the line that are still allowed, for clocks that differ. */
  readonly slackLevels: number;
};

/**
 * Whether the chain can have reached `level` by `at`. Guards a key against one signature at a far level,
 * which would forbid all levels below for ever. The clock only ever adds this refusal; one that runs
 * behind counts as standing at the base.
 */
export function withinHorizon(horizon: Horizon, level: Level, at: Instant): boolean {
  return level < horizonEnd(horizon, at);
}

/**
 * The first level that the chain cannot have reached by `at`, which may lie beyond the last level there is. Nothing
 * was signed from it on by whoever kept to the horizon: a released key starts there.
 */
export function horizonEnd(horizon: Horizon, at: Instant): number {
  const { baseLevel, baseTime, minimalBlockDelay, slackLevels } = horizon;
  assert(minimalBlockDelay > 0, 'blocks have a delay between them');
  const risen = Math.floor(Math.max(0, at - baseTime) / minimalBlockDelay);
  return baseLevel + risen + slackLevels + 1;
}
