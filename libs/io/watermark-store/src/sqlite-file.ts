import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  statfsSync,
  type BigIntStats,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './errors.ts';

/** What tells the files of one kind from all others. */
export type FileKind = {
  readonly applicationId: number;
  readonly schemaVersion: number;
  /** The statements that make its tables, in their order. */
  readonly tables: readonly string[];
};

/** A database that this process alone has open. */
export type HeldFile = {
  readonly database: DatabaseSync;
  /** @throws StoreError `replaced` unless the path still means this very file, and nothing else does */
  readonly assertInPlace: () => void;
  readonly close: () => void;
};

/**
 * Opens the database in a file, or makes a new one. The file is held for the life of the process: no other one can
 * open it meanwhile, and the system lets go of it when the process dies, however it dies. A lock is on a file and not
 * on its name, so whoever relies on it asks again and again whether the name still means this file.
 * @throws StoreError `busy`, `foreign_schema`, `unreadable`, `unsafe_place`, `replaced`
 */
export function holdFile(path: string, kind: FileKind): HeldFile {
  // To SQLite a name may be an address, or mean memory; an absolute one is a file's.
  const file = resolve(path);
  return reported(file, () => {
    const pin = pinFile(file);
    try {
      const database = new DatabaseSync(file);
      try {
        // SQLite opened what is pinned, and nothing else came in between.
        pin.assertInPlace();
        prepare(database, file, pin.descriptor, kind);
        pin.assertInPlace();
      } catch (error) {
        database.close();
        throw error;
      }
      const close = (): void => {
        try {
          database.close();
        } finally {
          pin.release();
        }
      };
      return { database, assertInPlace: pin.assertInPlace, close };
    } catch (error) {
      pin.release();
      throw error;
    }
  });
}

/** What keeps a file the one that it was when it was opened. */
type Pin = {
  readonly descriptor: number;
  readonly assertInPlace: () => void;
  /** Lets go of all locks that this process has on the file, so it comes after SQLite is done with it. */
  readonly release: () => void;
};

/** The files that this process holds: to open and close one of them again would let go of its lock. */
const held = new Set<string>();
const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;

/** A file that is open keeps its number, so that no other file can have it. */
function pinFile(file: string): Pin {
  refuseNetwork(dirname(file));
  const before = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  if (before !== undefined && held.has(numberOf(before))) throw new StoreError('busy', file);
  const descriptor = openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, OWNER_ONLY);
  const opened = fstatSync(descriptor, { bigint: true });
  const number = numberOf(opened);
  // Put there just now. It stays open, see above.
  if (held.has(number)) throw new StoreError('busy', file);
  if (!isAlone(opened)) {
    closeSync(descriptor);
    throw new StoreError('unsafe_place', file);
  }
  held.add(number);
  return {
    descriptor,
    assertInPlace: () => {
      const now = lstatSync(file, { bigint: true, throwIfNoEntry: false });
      const isSame = now !== undefined && numberOf(now) === number && isAlone(now);
      if (!isSame) throw new StoreError('replaced', file);
    },
    release: () => {
      held.delete(number);
      closeSync(descriptor);
    },
  };
}

function numberOf({ dev, ino }: BigIntStats): string {
  return `${dev.toString()}:${ino.toString()}`;
}

/** Under a second name the file would have another log of writes, and the last of them would be missing. */
function isAlone(stats: BigIntStats): boolean {
  return stats.isFile() && stats.nlink === 1n;
}

/** File systems, by their numbers in `statfs`, whose locks may not hold between machines or may be lost (E.11). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x65735546, 'fuse'],
  [0x01021997, '9p'],
  [0x00c36400, 'ceph'],
  [0x5346414f, 'afs'],
  [0x6b414653, 'kafs'],
  [0x73757245, 'coda'],
  [0x0bd00bd0, 'lustre'],
  [0x47504653, 'gpfs'],
  [0x01161970, 'gfs2'],
  [0x7461636f, 'ocfs2'],
  [0x786f4256, 'vboxsf'],
]);

function refuseNetwork(folder: string): void {
  const name = NETWORK_FILE_SYSTEMS.get(statfsSync(folder).type);
  if (name !== undefined) throw new StoreError('unsafe_place', `${folder} (${name})`);
}

const OWNER_ONLY = 0o600;

/** A file is held before it is looked at, and known to be ours, or nothing yet, before anything is written to it. */
function prepare(database: DatabaseSync, file: string, descriptor: number, kind: FileKind): void {
  // SQLite itself takes some bytes of rubbish for nothing, and writes over them.
  const isEmpty = () => fstatSync(descriptor).size === 0;
  // Before there is a journal or a log, which get the mode of their file.
  if (isEmpty()) fchmodSync(descriptor, OWNER_ONLY);
  // One process, so the log of writes may stay; 2 is FULL, which waits for the disk at each commit.
  set(database, 'locking_mode', 'exclusive');
  set(database, 'synchronous', 2);
  database.exec('BEGIN EXCLUSIVE');
  if (isEmpty()) create(database, kind);
  else if (!isOf(database, kind)) throw new StoreError('foreign_schema', file);
  database.exec('COMMIT');
  set(database, 'journal_mode', 'wal');
  synchroniseFolder(dirname(file));
}

/** Neither of another version, nor with another table, nor with a trigger that changes rows behind our back. */
function isOf(database: DatabaseSync, { applicationId, schemaVersion, tables }: FileKind): boolean {
  const schema = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').all();
  return (
    pragma(database, 'application_id') === applicationId &&
    pragma(database, 'user_version') === schemaVersion &&
    schema.map(({ sql }) => sql).join() === tables.join()
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

function create(database: DatabaseSync, { applicationId, schemaVersion, tables }: FileKind): void {
  for (const table of tables) database.exec(table);
  database.exec(`PRAGMA application_id = ${applicationId.toString()}`);
  database.exec(`PRAGMA user_version = ${schemaVersion.toString()}`);
}

/** What is in a folder has to survive a power cut too; whoever made it may have died before this. */
export function synchroniseFolder(path: string): void {
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

/** Does what may fail while a file is opened, and tells why it failed as an error of this lib. */
export function reported<Value>(file: string, open: () => Value): Value {
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
