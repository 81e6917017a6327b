import { migrate, openDatabase, type Database, type DatabaseOptions } from '@meridian/database';
import { openSqlStore, SQL_MIGRATIONS, type WatermarkStore } from './index.ts';
import type { SqlStoreOptions } from './sql.ts';

/** For tests of the store in SQL: what a busy machine may take, in milliseconds. */
export const CASE_MAX_MS = 90_000;
export const PATIENT = { deadlineMs: 30_000, attemptMs: 10_000 };
const LIMIT = { deadlineMs: 30_000 };

const open: { close: () => Promise<void> }[] = [];

export function databaseAt(url: string, options: Partial<DatabaseOptions> = {}): Database {
  const timeouts = {
    ...{ statementMs: 30_000, lockMs: 30_000 },
    ...{ idleInTransactionMs: 30_000, connectMs: 10_000 },
  };
  const database = openDatabase({ url, applicationName: 'test', timeouts, ...options });
  open.push(database);
  return database;
}

/** A store at a URL, which has time unless told otherwise. */
export function storeAt(
  url: string,
  options: Partial<DatabaseOptions> = {},
  times: Omit<SqlStoreOptions, 'database'> = PATIENT,
): Promise<WatermarkStore> {
  return openSqlStore({ database: databaseAt(url, options), ...times });
}

/** An empty store; its URL, and who may ask anything of it. */
export async function freshStore(postgres: {
  readonly freshDatabase: () => Promise<string>;
}): Promise<{ url: string; sql: (text: string) => ReturnType<Database['query']> }> {
  const url = await postgres.freshDatabase();
  const database = databaseAt(url);
  await migrate(database, SQL_MIGRATIONS);
  return { url, sql: text => database.query(text, [], LIMIT) };
}

export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map(each => each.close()));
}
