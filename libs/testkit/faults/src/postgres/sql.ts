import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { FaultsError } from '../errors.ts';

const CONNECT_MAX_MS = 20_000;
const CONDITION_MAX_MS = 30_000;
const CONDITION_EVERY_MS = 50;

/** Runs statements one after the other on a connection of their own; the rows of the last one. */
export async function sql(
  url: string,
  ...statements: readonly string[]
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MAX_MS,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    let rows: readonly Readonly<Record<string, unknown>>[] = [];
    for (const statement of statements) {
      ({ rows } = await client.query<Record<string, unknown>>(statement));
    }
    return rows;
  } finally {
    await client.end();
  }
}

/**
 * Waits until a query has a row.
 * @throws {FaultsError} `not_started`
 */
export async function untilRow(url: string, query: string): Promise<void> {
  const end = performance.now() + CONDITION_MAX_MS;
  while ((await sql(url, query)).length === 0) {
    if (performance.now() > end) throw new FaultsError('not_started', `never a row: ${query}`);
    await sleep(CONDITION_EVERY_MS);
  }
}
