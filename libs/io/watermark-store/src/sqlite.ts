import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StoreError } from './errors.ts';
import { storeWith, type JournaledStore } from './journaled.ts';
import type { Journal } from './journal.ts';
import {
  holdFile,
  reported,
  synchroniseFolder,
  type FileKind,
  type HeldFile,
} from './sqlite-file.ts';
import { openJournal } from './sqlite-journal.ts';
import { CREATE_TABLE, rowsIn } from './sqlite-rows.ts';
import type { Medium } from './store.ts';

/** "Meri": tells our files from others. */
const STORE: FileKind = { applicationId: 0x4d657269, schemaVersion: 1, tables: [CREATE_TABLE] };
/** In the folder of the store; its log of writes stands beside it, and both belong together. */
const STORE_FILE = 'watermark.sqlite';

/**
 * Opens the store in a folder, or makes a new one for its owner alone, and holds it for the life of the process. What
 * the journal knows is compared with it first. The store closes the journal with itself; where it cannot be opened
 * the journal stays as it is.
 * @throws StoreError `busy`, `foreign_schema`, `unreadable`, `unsafe_place`, `replaced`; all that a journal throws
 */
export function openSqliteStore(folder: string, journal: Journal): JournaledStore {
  const place = resolve(folder);
  journal.probe();
  reported(place, () => makeFolder(place));
  const file = holdFile(join(place, STORE_FILE), STORE);
  try {
    return reported(place, () => storeWith(mediumOf(file), journal));
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Only the folder itself is made: that the one above is missing may mean that a volume is. */
function makeFolder(place: string): void {
  try {
    mkdirSync(place, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  synchroniseFolder(dirname(place));
}

function mediumOf({ database, assertInPlace, close }: HeldFile): Medium {
  return {
    rows: rowsIn(database),
    begin: () => database.exec('BEGIN IMMEDIATE'),
    commit: () => {
      database.exec('COMMIT');
      // What was written to a file that nobody finds again is not durable.
      assertInPlace();
    },
    rollback: () => database.exec('ROLLBACK'),
    close,
  };
}

/** How often a file that another process holds is tried again, in milliseconds. */
const TRY_AGAIN_MS = 25;

/**
 * Opens journal and store as soon as no other process holds them: a second signer waits here for the death of the
 * first. Everybody takes the journal first, so that no two wait for one another.
 * @throws StoreError as {@link openSqliteStore}, never `busy`; `closed` when the signal ends the wait
 */
export async function waitForSqliteStore(
  folder: string,
  journalFile: string,
  signal: AbortSignal,
): Promise<JournaledStore> {
  const journal = await waitForJournal(journalFile, signal);
  try {
    return await onceFree(() => openSqliteStore(folder, journal), signal);
  } catch (error) {
    journal.close();
    throw error;
  }
}

/**
 * Opens a journal as soon as no other process holds it.
 * @throws StoreError as `openJournal`, never `busy`; `closed` when the signal ends the wait
 */
export function waitForJournal(file: string, signal: AbortSignal): Promise<Journal> {
  return onceFree(() => openJournal(file), signal);
}

async function onceFree<Opened>(open: () => Opened, signal: AbortSignal): Promise<Opened> {
  while (!signal.aborted) {
    try {
      return open();
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'busy') throw error;
    }
    await new Promise(resolve => setTimeout(resolve, TRY_AGAIN_MS));
  }
  throw new StoreError('closed');
}
