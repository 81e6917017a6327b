import type { KeyOutcome, Outcome } from './action.ts';
import type { Evidence } from './evidence.ts';

/** What the audit is told of an action: a line of its own for each key, so that no line grows with their number. */
export type Account = {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly keys?: readonly Readonly<Record<string, unknown>>[];
};

/** The arguments of all actions that have one entry for each key. */
type OfManyKeys = {
  readonly keys?: readonly string[];
  readonly floors?: readonly unknown[];
  readonly evidence?: Evidence;
};

/** What was asked, without the text of a file, which the outcome names by its digest, and without signatures. */
export function askedAccount(asked: Readonly<Record<string, unknown>>): Account {
  const { file: _, statement: __, keys: ___, floors: ____, evidence: _____, ...args } = asked;
  const { keys, floors, evidence } = asked as OfManyKeys;
  // Somebody may look twice for one key, and found something once.
  const uses = Map.groupBy(evidence?.use ?? [], (use): string => use.public_key_hash);
  const named = new Set([...(keys ?? []), ...uses.keys()]);
  return {
    fields: {
      ...args,
      keys: keys?.length,
      floors: floors?.length,
      evidence: evidence && { ...evidence, use: evidence.use?.length },
    },
    keys: [...named].map(key => ({ public_key_hash: key, use: uses.get(key) })),
  };
}

/** What became of it: counts, and the rows of each key or why nothing was done for it. */
export function doneAccount({ keys, digest, by, statement }: Outcome): Account {
  const refused = keys.filter(each => each.refused !== undefined).length;
  return {
    fields: { keys: keys.length, refused, digest, by, statement },
    keys: keys.map(keyAccount),
  };
}

function keyAccount({ public_key_hash: key, rows, refused, stated }: KeyOutcome) {
  return { public_key_hash: key, rows, refused, stated };
}
