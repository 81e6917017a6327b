import { openDatabase, type Database } from './database.ts';
import type { DatabaseError } from './errors.ts';
import type { DatabaseOptions } from './options.ts';

/** For this lib's tests: time that a busy machine may take. */
export const LIMIT = { deadlineMs: 20_000 };
export const CASE_MAX_MS = 60_000;

const opened: Database[] = [];

/** A database that {@link closeAll} closes. */
export function open(url: string, options: Partial<DatabaseOptions> = {}): Database {
  const database = openDatabase({
    url,
    applicationName: 'test',
    timeouts: { statementMs: 20_000, lockMs: 10_000, connectMs: 10_000 },
    ...options,
  });
  opened.push(database);
  return database;
}

export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map(database => database.close()));
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<DatabaseError> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as DatabaseError,
  );
}
