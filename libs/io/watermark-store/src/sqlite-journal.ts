import type { ChainId } from '@meridian/tezos';
import type { Horizon } from '@meridian/watermark';
import { journalOver, type Journal, type JournalMedium } from './journal.ts';
import { holdFile, reported, type FileKind, type HeldFile } from './sqlite-file.ts';
import { CREATE_TABLE, rowsIn, rowWriter } from './sqlite-rows.ts';

const CREATE_HORIZONS = `CREATE TABLE horizon (
  chainId TEXT NOT NULL PRIMARY KEY,
  baseLevel INTEGER NOT NULL,
  baseTime REAL NOT NULL,
  minimalBlockDelay REAL NOT NULL,
  slackLevels INTEGER NOT NULL
) STRICT`;

const CREATE_SERVER = `CREATE TABLE server (
  only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
  words TEXT NOT NULL
) STRICT`;

/** "Merj": a journal is never taken for a store, nor a store for a journal. */
const JOURNAL: FileKind = {
  applicationId: 0x4d65726a,
  schemaVersion: 1,
  tables: [CREATE_TABLE, CREATE_HORIZONS, CREATE_SERVER],
};

/**
 * Opens the journal in a file, or makes a new one that knows nothing, and holds it for the life of the process.
 * @throws StoreError `busy`, `foreign_schema`, `unreadable`, `unsafe_place`, `replaced`
 */
export function openJournal(path: string): Journal {
  const file = holdFile(path, JOURNAL);
  try {
    return reported(path, () => journalOver(mediumOf(file)));
  } catch (error) {
    file.close();
    throw error;
  }
}

function mediumOf({ database, assertInPlace, close }: HeldFile): JournalMedium {
  const { all } = rowsIn(database);
  const writeRow = rowWriter(database);
  const allHorizons = database.prepare('SELECT * FROM horizon');
  const writeHorizon = database.prepare('INSERT OR REPLACE INTO horizon VALUES (?, ?, ?, ?, ?)');
  const words = database.prepare('SELECT words FROM server');
  const writeWords = database.prepare('INSERT OR REPLACE INTO server VALUES (1, ?)');
  return {
    load: () => ({
      server: (words.get() as { readonly words: string } | undefined)?.words,
      rows: all(),
      horizons: (allHorizons.all() as ({ chainId: ChainId } & Horizon)[]).map(
        ({ chainId, ...horizon }) => [chainId, horizon],
      ),
    }),
    save: ({ rows, horizons, server }) => {
      if (rows.length + horizons.length > 0 || server !== undefined) {
        database.exec('BEGIN IMMEDIATE');
        for (const row of rows) writeRow(row);
        for (const [chainId, horizon] of horizons) {
          const { baseLevel, baseTime, minimalBlockDelay, slackLevels } = horizon;
          writeHorizon.run(chainId, baseLevel, baseTime, minimalBlockDelay, slackLevels);
        }
        if (server !== undefined) writeWords.run(server);
        database.exec('COMMIT');
      }
      assertInPlace();
    },
    close,
  };
}
