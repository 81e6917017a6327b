import { DatabaseError } from './errors.ts';
import { CREATE_IDENTITY } from './identity.ts';
import { MAY_ASK_AGAIN } from './classify.ts';
import type { Database, Limit, Parameter } from './database.ts';
import { pause } from './time.ts';

/** Which changes of the schema were made: one row for each. */
const CREATE_VERSIONS = `CREATE TABLE IF NOT EXISTS schema_version (
  version INT8 NOT NULL PRIMARY KEY CHECK (version > 0),
  applied_at TIMESTAMPTZ NOT NULL
)`;

/** A change may be a job that touches every node of a cluster. */
const CHANGE: Limit = { deadlineMs: 60_000 };
const LOOK: Limit = { deadlineMs: 5_000 };
const TRIES_MAX = 40;
const PAUSE_MS = 50;

/** What a runner meets that makes the same thing at the same time: there already, or just being made. */
const MET = new Set(['23505', '42P07', '42710', 'XX000']);

/**
 * Brings the schema up to date. Each migration is one statement that does nothing where it was done (`IF NOT EXISTS`):
 * it is sent alone, and its number, counted from 1, is recorded after it, so a runner that died is followed by one that
 * begins where it was. The role has to own the tables, and the pool to give statements time.
 * @throws DatabaseError
 */
export async function migrate(database: Database, migrations: readonly string[]): Promise<void> {
  for (const text of [CREATE_VERSIONS, CREATE_IDENTITY]) await change(database, text);
  const done = await schemaVersion(database);
  for (const [at, text] of migrations.entries()) {
    if (at < done) continue;
    await change(database, text);
    await change(
      database,
      'INSERT INTO schema_version (version, applied_at) VALUES ($1::INT8, now()) ON CONFLICT DO NOTHING',
      [at + 1],
    );
  }
}

/**
 * Holds the schema against the number of migrations that a program knows. One less is taken too, so that programs can
 * be rolled out before the migration is run.
 * @throws DatabaseError `not_migrated`
 */
export async function assertSchema(database: Database, version: number): Promise<void> {
  const found = await schemaVersion(database);
  if (found === version || (found > 0 && found === version - 1)) return;
  throw new DatabaseError('not_migrated', `its schema is ${found}, and ${version} is needed`);
}

async function schemaVersion(database: Database): Promise<number> {
  const text = 'SELECT max(version) AS version FROM schema_version';
  try {
    const [row] = await database.query(text, [], LOOK);
    return Number(row?.['version'] ?? 0);
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === '42P01') return 0;
    throw error;
  }
}

/** Sends a statement that does nothing where it was done, so that it may be sent again whatever became of it. */
async function change(
  database: Database,
  text: string,
  values: readonly Parameter[] = [],
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await database.query(text, values, CHANGE);
      return;
    } catch (error) {
      const isOver = tries >= TRIES_MAX || !(error instanceof DatabaseError);
      const isMet = !isOver && (MAY_ASK_AGAIN.has(error.code) || MET.has(error.sqlState ?? ''));
      if (!isMet) throw error;
    }
    await pause(PAUSE_MS);
  }
}
