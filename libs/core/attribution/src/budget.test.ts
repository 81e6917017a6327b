import { expect, test } from 'vitest';
import { budgetOf } from './index.ts';

/** As an Octez 25.1 node answered (spec/protocol.md 4.2). */
const PARTICIPATION = {
  ...{ expected_cycle_activity: 409, minimal_cycle_activity: 272, missed_slots: 7 },
  ...{
    missed_levels: 3,
    remaining_allowed_missed_slots: 130,
    expected_attesting_rewards: '958287',
  },
};
const CONSTANTS = {
  ...{ blocks_per_cycle: 14_400, minimal_participation_ratio: { numerator: 2, denominator: 3 } },
};

test('slots that may be missed are those that a node counts itself', () => {
  const read = budgetOf(PARTICIPATION, CONSTANTS, false);
  expect(read).toEqual({
    ok: true,
    value: { unit: 'slots', allowed: 137, missed: 7, remaining: 130 },
  });
});

test('where all bakers attest, a third of the levels of the cycle may be missed', () => {
  const read = budgetOf(PARTICIPATION, CONSTANTS, true);
  expect(read).toEqual({
    ok: true,
    value: { unit: 'levels', allowed: 4_800, missed: 3, remaining: 4_797 },
  });
});

test('what is used up stays at zero', () => {
  const read = budgetOf({ ...PARTICIPATION, missed_slots: 138 }, CONSTANTS, false);
  expect(read).toMatchObject({ value: { allowed: 137, missed: 138, remaining: 0 } });
});

test.each([
  [undefined, CONSTANTS, false, 'unreadable_participation'],
  [null, CONSTANTS, false, 'unreadable_participation'],
  [{ ...PARTICIPATION, missed_levels: -1 }, CONSTANTS, true, 'unreadable_participation'],
  [{ ...PARTICIPATION, missed_slots: '7' }, CONSTANTS, false, 'unreadable_participation'],
  [{ ...PARTICIPATION, minimal_cycle_activity: 0.5 }, CONSTANTS, false, 'unreadable_participation'],
  [PARTICIPATION, {}, true, 'unreadable_constants'],
  [
    PARTICIPATION,
    { ...CONSTANTS, minimal_participation_ratio: { numerator: 2, denominator: 0 } },
    true,
    'unreadable_constants',
  ],
])('what cannot be read is no budget: %j', (participation, constants, all, error) => {
  expect(budgetOf(participation, constants, all)).toEqual({ ok: false, error });
});
