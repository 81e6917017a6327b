import { expect, test } from 'vitest';
import { votersOf } from './look-for-use.ts';

test('a vote names its key, an aggregate those of its committee, and one that names nobody is no answer', () => {
  expect(votersOf({ metadata: { consensus_key: 'tz1a' } })).toContain('tz1a');
  const committee = [{ consensus_pkh: 'tz4a' }, { consensus_pkh: 'tz4b' }];
  expect(votersOf({ metadata: { committee } })).toEqual(expect.arrayContaining(['tz4a', 'tz4b']));
  expect(() => votersOf({ metadata: { consensus_pkh: 'tz1a' } })).toThrow(/whose it is/);
  expect(() => votersOf({})).toThrow();
});
