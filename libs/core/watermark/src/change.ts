import { assert, err, ok, type Result } from '@meridian/prelude';
import type { AdministrationRefusal } from './administration-refusals.ts';
import { comparePositions, mayWrite, type Kind, type Row, type RowKey } from './row.ts';

/** What the rows of one key have in common: they freeze, move and latch together. */
export type KeyOfRows = Pick<RowKey, 'chainId' | 'pkh'>;

/**
 * A change of a key: it gets every row that the store has of it and gives those that it wants, new ones included. A
 * row that comes back as it went in is not written.
 */
export type Change = (rows: readonly Row[]) => Result<readonly Row[], AdministrationRefusal>;

/** A change of the rows of some kinds: all of them, or none at the first refusal. */
export function changeOf(
  { chainId, pkh }: KeyOfRows,
  kinds: readonly Kind[],
  change: (row: Row | undefined, key: RowKey) => Result<Row, AdministrationRefusal>,
): Change {
  return rows => {
    const changed: Row[] = [];
    for (const kind of kinds) {
      const outcome = change(
        rows.find(row => row.kind === kind),
        { chainId, pkh, kind },
      );
      if (!outcome.ok) return err(outcome.error);
      changed.push(outcome.value);
    }
    return ok(changed);
  };
}

/** A change of rows that are there: refused where one of them is not. */
export function changeOfRows(
  key: KeyOfRows,
  kinds: readonly Kind[],
  change: (row: Row) => Result<Row, AdministrationRefusal>,
): Change {
  return changeOf(key, kinds, row => (row === undefined ? err('not_provisioned') : change(row)));
}

/**
 * The rows that a change writes. Whatever a change does, no row leaves its key, no mark falls or speaks of another
 * payload, and no count goes back.
 * @throws Error for a change that breaks this, which is a mistake of ours; nothing may be written then
 */
export function writesOf(
  { chainId, pkh }: KeyOfRows,
  before: readonly Row[],
  after: readonly Row[],
): readonly Row[] {
  const kinds = new Set(after.map(row => row.kind));
  assert(kinds.size === after.length, 'a change gives one row for each kind');
  const writes = after.filter(row => !before.includes(row));
  for (const next of writes) {
    assert(next.chainId === chainId && next.pkh === pkh, 'a change stays with its key');
    const stored = before.find(row => row.kind === next.kind);
    assert(mayWrite(stored, next), 'a row is written over the one that it came from');
    if (stored === undefined) assert(next.mode === 'standby', 'a new row stands by');
    else assertNothingLost(stored, next);
  }
  return writes;
}

function assertNothingLost(stored: Row, next: Row): void {
  const order = comparePositions(next, stored);
  const isKept = next.digest === null || next.digest === stored.digest;
  assert(order > 0 || (order === 0 && isKept), 'a mark never falls');
  for (const count of ['epoch', 'generation', 'burntEpoch'] as const) {
    assert(next[count] >= stored[count], 'a count of a row never goes back');
  }
  const isReleased = next.generation > stored.generation && next.mode !== 'active';
  const isLet = stored.mode !== 'latched' || next.mode === 'latched' || isReleased;
  assert(isLet, 'a latch ends with a release, and not in signing');
}
