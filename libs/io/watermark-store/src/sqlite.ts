import { chmodSync, closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
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
  const isNew = !existsSync(path);
  const database = opened(path, () => new DatabaseSync(path));
  try {
    prepare(database, path, isNew);
  } catch (error) {
    database.close();
    throw error;
  }
  return storeOver(mediumOf(database));
}

function prepare(database: DatabaseSync, path: string, isNew: boolean): void {
  opened(path, () => {
    // One process, so the log of writes may stay; FULL waits for the disk at each commit.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('BEGIN EXCLUSIVE');
    database.exec('COMMIT');
  });
  const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get();
  const application = database.prepare('PRAGMA application_id').get()?.['application_id'];
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  if (isNew || (tables?.['count'] === 0 && application === 0)) create(database, path);
  else if (application !== APPLICATION_ID || version !== SCHEMA_VERSION) {
    throw new StoreError('foreign_schema', path);
  }
}

function create(database: DatabaseSync, path: string): void {
  chmodSync(path, 0o600);
  database.exec('BEGIN');
  database.exec(CREATE_TABLE);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID.toString()}`);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION.toString()}`);
  database.exec('COMMIT');
  // The file itself has to survive a power cut, not only what is in it.
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

function opened<Value>(path: string, open: () => Value): Value {
  try {
    return open();
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    const why = `${path} (${error instanceof Error ? error.message : String(error)})`;
    const code =
      errcode === SQLITE_BUSY
        ? 'busy'
        : errcode === SQLITE_NOTADB
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
