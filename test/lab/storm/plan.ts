import { seededRandom, type Random } from '@meridian/prelude';
import { CURVES, type Curve } from './keys.ts';
import { KINDS, PAYLOADS } from './places.ts';
import { WEATHER, type StrikeName } from './weather.ts';

/** What one client wants at a level. */
export type Wish = {
  readonly curve: Curve;
  readonly kind: (typeof KINDS)[number];
  readonly round: number;
  readonly payload: number;
  readonly signer: number;
};

/** A fault while a level is asked. */
export type Strike = {
  readonly name: StrikeName;
  readonly signer: number;
  /** After the first requests of the level. */
  readonly afterMs: number;
  readonly lengthMs: number;
};

export type LevelPlan = { readonly wishes: readonly Wish[]; readonly strikes: readonly Strike[] };

/** How big a storm is. */
export type Size = {
  readonly seed: number;
  readonly levels: number;
  readonly clients: number;
  readonly signers: number;
};

const ROUNDS = 2;
const VOTES = ['preattestation', 'attestation'] as const;
const AFTER_MAX_MS = 30;
const [LENGTH_MIN_MS, LENGTH_MAX_MS] = [100, 800];
/** Apart enough that no two levels of two seeds draw alike. */
const SEEDS_APART = 1_000_003;
const WEIGHED = Object.entries(CURVES).flatMap(([curve, times]) =>
  Array.from({ length: times }, () => curve as Curve),
);

/** What happens at a level: it follows from the seed and the level alone, however long the storm is. */
export function planOf(
  { seed, clients, signers }: Omit<Size, 'levels'>,
  level: number,
  possible: readonly StrikeName[],
): LevelPlan {
  const random = seededRandom(Math.imul(seed, SEEDS_APART) + level);
  const curve = random.pick(WEIGHED);
  // One key and one kind or two, one of them a vote: the fewer the rows, the more clients fight for each.
  const kinds = [random.pick(VOTES), random.pick(KINDS)];
  const wishes = Array.from({ length: clients }, () => ({
    curve,
    kind: random.pick(kinds),
    round: random.whole(ROUNDS),
    payload: random.whole(PAYLOADS),
    signer: random.whole(signers),
  }));
  const strikes = possible.flatMap(name => strikeOf(name, signers, random));
  return { wishes, strikes };
}

function strikeOf(name: StrikeName, signers: number, random: Random): readonly Strike[] {
  if (random.whole(WEATHER[name].everyLevels) > 0) return [];
  const lengthMs = LENGTH_MIN_MS + random.whole(LENGTH_MAX_MS - LENGTH_MIN_MS);
  return [{ name, signer: random.whole(signers), afterMs: random.whole(AFTER_MAX_MS), lengthMs }];
}
