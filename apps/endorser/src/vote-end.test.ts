import { duration, instant } from '@meridian/prelude';
import type { VoterState } from '@meridian/tenderbake';
import { round } from '@meridian/tezos';
import { expect, test } from 'vitest';
import { voteEnd } from './vote-end.ts';

/** A level whose predecessor came at 1000 s in round 1, as on mainnet (protocol.md 2.1). */
function levelAt(latestRound: number): VoterState['level'] {
  const durations = {
    minimalBlockDelay: duration(6_000),
    delayIncrementPerRound: duration(3_000),
  };
  const predecessor = { timestamp: instant(1_000_000), round: round(1) };
  return {
    facts: { durations },
    latest: { round: round(latestRound), predecessor },
  } as VoterState['level'];
}

test.each([
  [0, 1_024_000],
  [1, 1_036_000],
])('a vote of round %d is brought until the round after next begins', (latest, expected) => {
  expect(voteEnd({ level: levelAt(latest) })).toBe(expected);
});

test('before the first level nobody says until when', () => {
  expect(voteEnd({ level: undefined })).toBeUndefined();
});
