import { level, round, type PublicKeyHash } from '@meridian/tezos';
import type { Verdict } from '@meridian/sandbox-chain';
import { expect, test } from 'vitest';
import { newReasons } from './reasons.ts';

const MISSED: Verdict = {
  ...{ level: level(5), round: round(0), delegate: 'tz1' as PublicKeyHash, attested: false },
  ...{ preattestationSeen: null, attestationSeen: null },
};
const heard = { level: level(5), round: round(0) };

test('on good lines a right is missed for what somebody said, or for no reason', () => {
  const reasons = newReasons(() => false);
  expect(reasons.why(MISSED)).toBe(undefined);
  reasons.heard(heard);
  expect(reasons.why(MISSED)).toBe(undefined);
  reasons.note(4, 'locked');
  expect(reasons.why(MISSED)).toBe(undefined);
  reasons.refused(5, 'below_mark');
  expect(reasons.why(MISSED)).toBe('below_mark');
  expect(reasons.refusals()).toEqual({ below_mark: 1 });
});

test('on bad lines a block may not be heard of, and a vote be lost or late', () => {
  const reasons = newReasons(() => true);
  expect(reasons.why(MISSED)).toBe('block_not_heard');
  reasons.heard(heard);
  expect(reasons.why(MISSED)).toBe('vote_lost');
  expect(reasons.why({ ...MISSED, attestationSeen: 9 as Verdict['attestationSeen'] })).toBe(
    'vote_late',
  );
});

test('what somebody said goes before what a bad line may have lost', () => {
  const reasons = newReasons(() => true);
  reasons.note(5, 'rights_unknown');
  expect(reasons.why(MISSED)).toBe('rights_unknown');
});
