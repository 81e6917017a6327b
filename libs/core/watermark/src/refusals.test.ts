import { expect, test } from 'vitest';
import { ADMINISTRATION_REFUSALS } from './administration.ts';
import { REFUSALS } from './index.ts';
import type { RefusalClass, RefusalCode } from './index.ts';

/** Written out once more: what a client is told, who is woken, and which stores stop. */
const FACTS: Readonly<Record<RefusalCode, readonly [RefusalClass, boolean, boolean]>> = {
  missing_row: ['unavailable', true, true],
  other_incarnation: ['unavailable', true, true],
  store_went_back: ['unavailable', true, true],
  edited_row: ['unavailable', true, true],
  superseded: ['unavailable', true, false],
  unknown_row: ['forbidden', true, false],
  latched: ['unavailable', true, false],
  standby: ['unavailable', false, false],
  frozen: ['unavailable', false, false],
  fenced: ['unavailable', true, false],
  lease_exhausted: ['unavailable', false, false],
  beyond_horizon: ['forbidden', true, false],
  below_mark: ['unsafe', false, false],
  equivalent_vote_signed: ['unsafe', false, false],
  conflicting_vote: ['unsafe', true, false],
  conflicting_block: ['unsafe', true, false],
  block_spent: ['unsafe', true, false],
};

test('each refusal has the class, the alert and the latch that the list gives it', () => {
  const found = Object.entries(REFUSALS).map(
    ([code, facts]) => [code, [facts.class, facts.alerts, facts.latches]] as const,
  );
  expect(Object.fromEntries(found)).toEqual(FACTS);
});

test('each refusal says what it means', () => {
  const meanings = Object.values(REFUSALS).map(({ meaning }) => meaning);
  for (const meaning of [...meanings, ...Object.values(ADMINISTRATION_REFUSALS)]) {
    expect(meaning.length).toBeGreaterThan(20);
  }
  expect(new Set(meanings).size).toBe(meanings.length);
});
