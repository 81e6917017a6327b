import { chmodSync, closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './errors.ts';
import { CREATE_TABLE, rowsIn } from './sqlite-rows.ts';
import { storeOver, type Medium, type WatermarkStore } from './store.ts';

/** "Meri": tells our files from others. */
const APPLICATION_ID = 0x4d657269;
const SCHEMA_VERSION = 1;

/**
 * Opens the store in a file, or makes a new one. The file is held for the life of the process: no other one can
 * open it meanwhile, and the system lets go of it when the process dies, however it dies.
 * @throws StoreError `busy`, `foreign_schema`, `unreadable`
 */
export function openSqliteStore(path: string): WatermarkStore {
  // To SQLite a name may be an address, or mean memory; an absolute one is a file's.
  const file = resolve(path);
  const database = opened(file, () => new DatabaseSync(file));
  try {
    return opened(file, () => {
      prepare(database, file);
      return storeOver(mediumOf(database));
    });
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A file is held before it is looked at, and known to be ours, or nothing yet, before anything is written to it. */
function prepare(database: DatabaseSync, file: string): void {
  // SQLite itself takes some bytes of rubbish for nothing, and writes over them.
  const isEmpty = () => statSync(file).size === 0;
  // Before there is a journal or a log, which get the mode of their file.
  if (isEmpty()) chmodSync(file, 0o600);
  // One process, so the log of writes may stay; 2 is FULL, which waits for the disk at each commit.
  set(database, 'locking_mode', 'exclusive');
  set(database, 'synchronous', 2);
  database.exec('BEGIN EXCLUSIVE');
  if (isEmpty()) create(database);
  else if (!isOurs(database)) throw new StoreError('foreign_schema', file);
  database.exec('COMMIT');
  set(database, 'journal_mode', 'wal');
  synchroniseFolder(dirname(file));
}

/** Neither of another version, nor with another table, nor with a trigger that changes rows behind our back. */
function isOurs(database: DatabaseSync): boolean {
  const schema = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').all();
  return (
    pragma(database, 'application_id') === APPLICATION_ID &&
    pragma(database, 'user_version') === SCHEMA_VERSION &&
    schema.map(({ sql }) => sql).join() === CREATE_TABLE
  );
}

function pragma(database: DatabaseSync, name: string): unknown {
  return database.prepare(`PRAGMA ${name}`).get()?.[name];
}

/** SQLite says nothing where it does not take a setting, so it is asked. */
function set(database: DatabaseSync, name: string, value: string | number): void {
  database.exec(`PRAGMA ${name} = ${value.toString()}`);
  const taken = pragma(database, name);
  if (taken !== value)
    throw new StoreError('unreadable', `SQLite sets ${name} to ${String(taken)}`);
}

function create(database: DatabaseSync): void {
  database.exec(CREATE_TABLE);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID.toString()}`);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION.toString()}`);
}

/** The file itself has to survive a power cut, not only what is in it; whoever made it may have died before this. */
function synchroniseFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;
/** The lowest byte of an error code says what happened, the others where. */
const PRIMARY_CODE = 0xff;

function opened<Value>(file: string, open: () => Value): Value {
  try {
    return open();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const { errcode = 0 } = error as { errcode?: number };
    const primary = errcode & PRIMARY_CODE;
    const why = `${file} (${error instanceof Error ? error.message : String(error)})`;
    const code =
      primary === SQLITE_BUSY
        ? 'busy'
        : primary === SQLITE_NOTADB
          ? 'foreign_schema'
          : 'unreadable';
    throw new StoreError(code, why, { cause: error });
  }
}

function mediumOf(database: DatabaseSync): Medium {
  return {
    rows: rowsIn(database),
    begin: () => database.exec('BEGIN IMMEDIATE'),
    commit: () => database.exec('COMMIT'),
    rollback: () => database.exec('ROLLBACK'),
    close: () => database.close(),
  };
}

/** How often a store that another process holds is tried again, in milliseconds. */
const TRY_AGAIN_MS = 25;

/**
 * Opens the store as soon as no other process holds it: a second signer waits here for the death of the first.
 * @throws StoreError as {@link openSqliteStore}, never `busy`; `closed` when the signal ends the wait
 */
export async function waitForSqliteStore(
  path: string,
  signal: AbortSignal,
): Promise<WatermarkStore> {
  while (!signal.aborted) {
    try {
      return openSqliteStore(path);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'busy') throw error;
    }
    await new Promise(resolve => setTimeout(resolve, TRY_AGAIN_MS));
  }
  throw new StoreError('closed');
}
