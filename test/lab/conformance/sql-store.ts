import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate, openDatabase, provisionIdentity } from '@meridian/database';
import type { Database, DatabaseOptions } from '@meridian/database';
import { startProxy, type Proxy } from '@meridian/faults';
import { startPostgres } from '@meridian/faults/postgres';
import { openJournal, openSqlStore, SQL_MIGRATIONS } from '@meridian/watermark-store';
import type { House } from './house.ts';
import { provisionRows } from './provision.ts';
import type { OpenStore, StoreKind, Weather } from './stores.ts';

const REPLICAS_MAX = 16;
/** Eight for each signer, of two cases at once and of the spare ones. */
const CONNECTIONS_MAX = '1000';
const LIMIT = { deadlineMs: 60_000 };
/** Whoever migrates gives statements time. */
const PATIENT = { statementMs: 30_000, lockMs: 30_000, connectMs: 10_000 };

/** Starts a PostgreSQL for all cases, each of which has a database of its own. */
export async function openPostgres(): Promise<StoreKind> {
  const postgres = await startPostgres({ settings: { max_connections: CONNECTIONS_MAX } });
  const version = await versionOf(postgres.url);
  return {
    ...{ name: 'postgres', version, replicasMax: REPLICAS_MAX, hangsBeforeStart: false },
    cannot: {},
    open: async (house, replicas) => openAt(await postgres.freshDatabase(), house, replicas, true),
    close: postgres.close,
  };
}

/** Where a cluster is that is there already. */
export const SQL_URL = 'MERIDIAN_TEST_SQL_URL';

const NO_PROXY = 'a proxy cannot look into TLS';

/** The cluster of {@link SQL_URL}: each case makes a database of its own there, and removes it. */
export async function openCockroach(): Promise<StoreKind> {
  const url = process.env[SQL_URL];
  if (url === undefined || url === '') throw new Error(`${SQL_URL} names no cluster`);
  const isPlain = new URL(url).searchParams.get('sslmode') === 'disable';
  const version = await versionOf(url);
  return {
    ...{ name: 'cockroach', version, replicasMax: REPLICAS_MAX, hangsBeforeStart: false },
    cannot: isPlain ? {} : { database_hangs: NO_PROXY, answer_lost: NO_PROXY, disk_full: NO_PROXY },
    open: async (house, replicas) => {
      const name = `conformance_${randomBytes(6).toString('hex')}`;
      const own = new URL(url);
      own.pathname = `/${name}`;
      await told(url, `CREATE DATABASE ${name}`);
      const store = await openAt(own.href, house, replicas, isPlain);
      const close = async (): Promise<void> => {
        await store.close();
        await told(url, `DROP DATABASE ${name} CASCADE`);
      };
      return { ...store, close };
    },
    close: () => Promise.resolve(),
  };
}

/** Makes the tables, the rows of a house, and a journal for each signer that knows them. */
export async function furnishDatabase(
  url: string,
  house: House,
  replicas: number,
): Promise<{ readonly cluster: string; readonly journals: readonly string[] }> {
  const { cluster, rows } = await withDatabase(url, async database => {
    await migrate(database, SQL_MIGRATIONS);
    const identity = await provisionIdentity(database);
    const store = await openSqlStore({ database, deadlineMs: LIMIT.deadlineMs });
    return { cluster: identity, rows: await provisionRows(store, house) };
  });
  const journals = Array.from({ length: replicas }, (_, at) => {
    const file = join(house.folder, `journal${at + 1}.sqlite`);
    const journal = openJournal(file);
    journal.learn(rows);
    for (const chainId of house.chains) journal.setHorizon(chainId, house.horizon);
    journal.close();
    return file;
  });
  return { cluster, journals };
}

async function openAt(
  url: string,
  house: House,
  replicas: number,
  hasProxy: boolean,
): Promise<OpenStore> {
  const { cluster, journals } = await furnishDatabase(url, house, replicas);
  const { hostname: host, port } = new URL(url);
  const target = { host, port: Number(port) };
  const proxy = hasProxy ? await startProxy({ target, protocol: 'postgres' }) : undefined;
  const urlFile = join(house.folder, 'database.url');
  writeFileSync(urlFile, `${proxy?.url(url) ?? url}\n`, { mode: 0o600 });
  return {
    configurationOf: at => ({
      database: { urlFile, cluster, isolation: 'serializable' },
      journal: journals[at],
    }),
    weather: proxy === undefined ? CALM : weatherOf(proxy),
    close: () => proxy?.close() ?? Promise.resolve(),
  };
}

const calm = (): never => {
  throw new Error(NO_PROXY);
};
const CALM: Weather = { hang: calm, loseAnswer: calm, fillDisk: calm };

/** The statement of a permission; see signer.md E.3. */
const PERMISSION = /\bUPDATE\s+watermark\b/i;
const DISK_FULL = '53100';

function weatherOf(proxy: Proxy): Weather {
  return {
    hang: () => {
      proxy.blackhole();
      return Promise.resolve(() => proxy.heal());
    },
    loseAnswer: () => {
      proxy.onStatement(PERMISSION, { cut: 'after' });
    },
    fillDisk: () => {
      proxy.onStatement(PERMISSION, { sqlstate: DISK_FULL, when: 'before' }, { next: Infinity });
      return Promise.resolve(() => proxy.heal());
    },
  };
}

async function withDatabase<Outcome>(
  url: string,
  use: (database: Database) => Promise<Outcome>,
): Promise<Outcome> {
  const options: DatabaseOptions = { url, applicationName: 'conformance', timeouts: PATIENT };
  const database = openDatabase({ ...options, connectionsMax: 4 });
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

function told(url: string, text: string): Promise<readonly object[]> {
  return withDatabase(url, database => database.query(text, [], LIMIT));
}

async function versionOf(url: string): Promise<string> {
  const [row] = await told(url, 'SELECT version() AS version');
  return String((row as { readonly version?: unknown } | undefined)?.version);
}
