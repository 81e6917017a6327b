/** Where in the chain something stands. */
export type Place = { readonly level: number; readonly round: number };

/** Where the genesis is, which is nobody's news. */
export const NOWHERE: Place = { level: 0, round: 0 };

/** Whether one place comes after another. */
export function isAfter(one: Place, other: Place): boolean {
  return one.level > other.level || (one.level === other.level && one.round > other.round);
}

/** The place after all others; {@link NOWHERE} where there is none. */
export function highest(places: readonly Place[]): Place {
  return places.reduce(
    (best, each) => (isAfter(each, best) ? { level: each.level, round: each.round } : best),
    NOWHERE,
  );
}
