import { openDatabase, type Session as ServerSession } from '@meridian/database';
import { assert } from '@meridian/prelude';
import {
  openSqlStore,
  StoreError,
  waitForJournal,
  waitForSqliteStore,
} from '@meridian/watermark-store';
import type { Finding, Journal, WatermarkStore } from '@meridian/watermark-store';
import type { Configuration } from './compose.ts';
import { secretOf } from './secret-file.ts';
import { tlsOf } from './tls.ts';

/** What guards the keys, for its whole life: the rows, and what this signer knows of them outside their store. */
export type OpenGuard = {
  readonly store: WatermarkStore;
  readonly journal: Journal;
  /** Rows that were not what the journal knows when both were opened. */
  readonly findings: readonly Finding[];
  /** Whether other signers use the store, too: one of its own that fails once has failed for good. */
  readonly isShared: boolean;
  readonly close: () => Promise<void>;
};

/**
 * Opens what guards the keys, as soon as no other process holds it and it can be reached.
 * @throws StoreError
 */
export async function openGuard(
  { store: folder, database, journal: file, site }: Configuration,
  signal: AbortSignal,
): Promise<OpenGuard> {
  if (folder !== undefined) {
    const store = await waitForSqliteStore(folder, file, signal);
    const { journal, findings, close } = store;
    return { store, journal, findings, isShared: false, close };
  }
  assert(database !== undefined, 'a configuration has a store or a database');
  const journal = await waitForJournal(file, signal);
  try {
    const store = await whenReachable(() => openShared(database, site, journal), signal);
    const close = () => store.close().finally(journal.close);
    // A database is held against the journal by the first patrol, before anything is signed.
    return { store, journal, findings: [], isShared: true, close };
  } catch (error) {
    journal.close();
    throw error;
  }
}

type Shared = NonNullable<Configuration['database']>;

async function openShared(
  { urlFile, cluster, timeline, ca, cert, key, ...options }: Shared,
  site: string,
  journal: Journal,
): Promise<WatermarkStore> {
  const known = journal.server();
  const database = openDatabase({
    ...options,
    url: secretOf('database.urlFile', urlFile),
    applicationName: `meridian-signer ${site}`,
    ...(cluster === undefined ? {} : { cluster }),
    ...(timeline === undefined ? {} : { timeline }),
    ...(known === undefined ? {} : { known: JSON.parse(known) as ServerSession }),
    // Which server it was outlives this process: one that fell behind may take over while nobody looks.
    met: session => journal.setServer(JSON.stringify(session)),
    ...tlsOf({ ca, cert, key }),
  });
  try {
    return await openSqlStore({ database });
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** How often a database that is away is tried again. */
const TRY_AGAIN_MS = 500;

async function whenReachable<Opened>(
  open: () => Promise<Opened>,
  signal: AbortSignal,
): Promise<Opened> {
  while (!signal.aborted) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'unavailable') throw error;
    }
    await new Promise(resolve => setTimeout(resolve, TRY_AGAIN_MS));
  }
  throw new StoreError('closed');
}
