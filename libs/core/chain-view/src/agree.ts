/**
 * What each node said of a question that no node can answer alone. It is settled once `quorum` nodes say the same.
 */
export type Count = ReadonlyMap<string, string>;

/** A question that was not asked yet. */
export const NOBODY: Count = new Map();

/** Adds what a node said; a node that says something else later has changed its mind. */
export function say(said: Count, node: string, value: string): Count {
  return new Map(said).set(node, value);
}

/** The value on which `quorum` nodes agree; undefined as long as there is none. */
export function settled(said: Count, quorum: number): string | undefined {
  const counts = new Map<string, number>();
  for (const value of said.values()) {
    const count = (counts.get(value) ?? 0) + 1;
    if (count >= quorum) return value;
    counts.set(value, count);
  }
  return undefined;
}

/** One text for one value, whatever the order of its fields. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => {
    if (typeof inner === 'bigint') return inner.toString();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)),
    );
  });
}
