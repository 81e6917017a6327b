import { err, ok, type Result } from '@meridian/prelude';

/** Why it is not known how many votes may still be missed; the key is the code in JSON. */
export const BUDGET_FAULTS = {
  unreadable_participation: 'the participation is not of the shape that nodes send',
  unreadable_constants: 'the constants are not of the shape that nodes send',
} as const;

/** One of the codes of {@link BUDGET_FAULTS}. */
export type BudgetFault = keyof typeof BUDGET_FAULTS;

/** What a cycle still allows a delegate to miss before it loses its attesting rewards. */
export type Budget = {
  /** `slots` by attesting power, `levels` where all bakers attest. */
  readonly unit: 'slots' | 'levels';
  readonly allowed: number;
  readonly missed: number;
  /** Never below 0: that much may be missed and the rewards are kept. */
  readonly remaining: number;
};

/**
 * The remaining allowed misses of the cycle. Attesting rewards are paid if what was included is at least
 * `minimal_participation_ratio` of what was expected: counted in slots (expected - minimal of the delegate), or, where
 * all bakers attest, in levels of the cycle (spec/protocol.md 7).
 * @param participation the answer of `context/delegates/<pkh>/participation`
 * @param constants the answer of `context/constants`
 */
export function budgetOf(
  participation: unknown,
  constants: unknown,
  allBakersAttest: boolean,
): Result<Budget, BudgetFault> {
  const expected = natural(participation, 'expected_cycle_activity');
  const minimal = natural(participation, 'minimal_cycle_activity');
  const slots = natural(participation, 'missed_slots');
  const levels = natural(participation, 'missed_levels');
  if (expected === undefined || minimal === undefined) return err('unreadable_participation');
  if (slots === undefined || levels === undefined) return err('unreadable_participation');
  if (!allBakersAttest) return ok(budget('slots', expected - minimal, slots));
  const blocks = natural(constants, 'blocks_per_cycle');
  const ratio = fieldOf(constants, 'minimal_participation_ratio');
  const numerator = natural(ratio, 'numerator');
  const denominator = natural(ratio, 'denominator');
  if (blocks === undefined || numerator === undefined) return err('unreadable_constants');
  if (denominator === undefined || denominator < 1) return err('unreadable_constants');
  return ok(budget('levels', (blocks * (denominator - numerator)) / denominator, levels));
}

function budget(unit: Budget['unit'], share: number, missed: number): Budget {
  const allowed = Math.max(0, Math.floor(share));
  return { unit, allowed, missed, remaining: Math.max(0, allowed - missed) };
}

function fieldOf(value: unknown, name: string): unknown {
  return (Object(value) as Readonly<Record<string, unknown>>)[name];
}

function natural(value: unknown, name: string): number | undefined {
  const found = fieldOf(value, name);
  return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? found : undefined;
}
