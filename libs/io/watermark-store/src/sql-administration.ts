import { DatabaseError, pause, timeIn, type Database, type Query } from '@meridian/database';
import { assert, err, ok } from '@meridian/prelude';
import { KINDS, type Row } from '@meridian/watermark';
import {
  latchKey,
  writesOf,
  type Change,
  type KeyOfRows,
} from '@meridian/watermark/administration';
import type { Locks } from './locks.ts';
import { mayAskAgain } from './sql-asking.ts';
import { NAMES, rowOf } from './sql-rows.ts';
import * as statements from './sql-statements.ts';
import type { Changed } from './store.ts';

/** An operator waits this long, in milliseconds. */
const DEADLINE_MS = 10_000;
const PAUSE_MS = 50;
const UNIQUE_VIOLATION = '23505';

/** Somebody got this epoch already. */
class EpochTaken extends Error {}

/** Changes all rows of a key in one transaction, and while nothing is signed with the key in this process. */
export function administration(
  database: Database,
  one: Locks,
): (key: KeyOfRows, change: Change) => Promise<Changed> {
  return (key, change) => {
    const held = KINDS.reduce<() => Promise<Changed>>(
      (run, kind) => () => one(`${key.chainId}/${key.pkh}/${kind}`, run),
      () => changed(database, key, change),
    );
    return held();
  };
}

/** A commit that nobody knows of is followed by the same change again: see {@link isMade}. */
async function changed(database: Database, key: KeyOfRows, change: Change): Promise<Changed> {
  const time = timeIn(DEADLINE_MS);
  let written: readonly Row[] = [];
  for (;;) {
    const before = written;
    try {
      return await database.transaction(
        query =>
          inTransaction(query, key, before, change, writes => {
            written = writes;
          }),
        { deadlineMs: time.leftMs() },
      );
    } catch (error) {
      if (error instanceof EpochTaken) return err('stale_epoch');
      if (!mayAskAgain(error) || time.leftMs() <= PAUSE_MS) throw error;
    }
    await pause(PAUSE_MS);
  }
}

async function inTransaction(
  query: Query,
  key: KeyOfRows,
  made: readonly Row[],
  change: Change,
  note: (writes: readonly Row[]) => void,
): Promise<Changed> {
  const { text } = statements.ROWS_OF_KEY;
  const before = (await query(text, statements.parametersOf(statements.ROWS_OF_KEY, key))).map(
    rowOf,
  );
  if (isMade(made, before)) return ok(before);
  const wanted = change(before);
  if (!wanted.ok) return wanted;
  const writes = writesOf(key, before, wanted.value);
  note(writes);
  await writeAll(query, before, writes);
  const kept = before.filter(row => !writes.some(({ kind }) => kind === row.kind));
  return ok([...kept, ...writes]);
}

/**
 * Latches every row that a database has, of all chains and keys, in a transaction that does something else with it, too:
 * a copy that takes the place of a database signs nothing until its keys are released (rules 8, 10).
 * @returns the rows that were written
 */
export async function latchAllRows(query: Query): Promise<readonly Row[]> {
  const rows = (await query(statements.ALL_ROWS.text)).map(rowOf);
  const latched: Row[] = [];
  for (const before of Map.groupBy(rows, ({ chainId, pkh }) => `${chainId}/${pkh}`).values()) {
    const [first] = before;
    assert(first !== undefined, 'a group has a row');
    const writes = writesOf(first, before, latchKey(before));
    await writeAll(query, before, writes);
    latched.push(...writes);
  }
  return latched;
}

/** Whether the rows stand there as a commit of an unknown outcome would have left them, to the last field. */
function isMade(made: readonly Row[], found: readonly Row[]): boolean {
  const isThere = (row: Row) => found.some(other => NAMES.every(name => other[name] === row[name]));
  return made.length > 0 && made.every(isThere);
}

/** Writes the rows of a key that changed. */
async function writeAll(
  query: Query,
  before: readonly Row[],
  writes: readonly Row[],
): Promise<void> {
  for (const next of writes) {
    await write(
      query,
      before.find(({ kind }) => kind === next.kind),
      next,
    );
  }
}

/** Writes a row over the one that it came from, and writes down who holds it where that is another one now. */
async function write(query: Query, before: Row | undefined, next: Row): Promise<void> {
  const statement = before === undefined ? statements.INSERT : statements.UPDATE;
  const [done] = await query(statement.text, statements.parametersOf(statement, next));
  // Serializable transactions fail earlier; a server that let this one go on is asked again.
  if (done === undefined) throw new DatabaseError('not_applied', 'a row changed meanwhile');
  if (before?.site === next.site && before.epoch === next.epoch) return;
  const logged = { ...next, handedEpoch: before?.epoch ?? null };
  try {
    // A new row holds nothing yet; it may be made anew under an epoch whose row was lost.
    const log = before === undefined ? statements.LOG_FIRST_EPOCH : statements.LOG_EPOCH;
    await query(log.text, statements.parametersOf(log, logged));
  } catch (error) {
    const isTaken = error instanceof DatabaseError && error.sqlState === UNIQUE_VIOLATION;
    throw isTaken ? new EpochTaken() : error;
  }
}
