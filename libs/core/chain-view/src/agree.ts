import type { Instant } from '@meridian/prelude';
import type { Topic } from './messages.ts';
import { ask, nameOf, type ViewState, type ViewStep } from './state.ts';

/**
 * What each node said of a question that no node can answer alone. A question is settled once `quorum` nodes say the
 * same, and stays settled until it is asked anew.
 */
export type Count = {
  readonly said: ReadonlyMap<string, string>;
  /** What held when the question was asked anew. */
  readonly former: string | undefined;
};

/** A question that was not asked yet. */
export const NOBODY: Count = { said: new Map(), former: undefined };

/** Adds what a node said; a node that says something else later has changed its mind. */
export function say({ said, former }: Count, node: string, value: string): Count {
  return { said: new Map(said).set(node, value), former };
}

/** The value on which `quorum` nodes agree; undefined as long as there is none. */
export function settled({ said }: Count, quorum: number): string | undefined {
  const counts = new Map<string, number>();
  for (const value of said.values()) {
    const count = (counts.get(value) ?? 0) + 1;
    if (count >= quorum) return value;
    counts.set(value, count);
  }
  return undefined;
}

/**
 * Whether a node is to blame for what it says against what was agreed on. When a question was asked anew, the first
 * nodes to know of a change are outvoted for a while and the last ones are behind: neither lies.
 */
export function isOutvoted({ former }: Count, agreed: string, value: string): boolean {
  return value !== agreed && value !== former && agreed !== former;
}

/** Puts questions again whose answers may have changed; what was agreed on holds until nodes agree anew. */
export function askAnew(state: ViewState, at: Instant, topics: readonly Topic[]): ViewStep {
  const counts = new Map(state.counts);
  for (const topic of topics) {
    counts.set(nameOf(topic), { said: new Map(), former: heldOf(state, topic) });
  }
  return ask({ ...state, counts }, at, topics);
}

function heldOf({ constants, protocol, options }: ViewState, { kind }: Topic): string | undefined {
  if (kind === 'constants') return constants && canonical(constants);
  if (kind !== 'chain' || protocol === undefined) return undefined;
  return canonical({ chainId: options.chainId, protocol: protocol.hash });
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
