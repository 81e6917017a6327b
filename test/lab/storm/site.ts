import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProxy, type Proxy } from '@meridian/faults';
import { startPostgres, type Postgres } from '@meridian/faults/postgres';
import { furnish, type House } from '../conformance/house.ts';
import { furnishDatabase } from '../conformance/sql-store.ts';
import { furnishFiles } from '../conformance/sqlite-store.ts';
import { KEY_FILE } from './keys.ts';
import { Station } from './station.ts';

/** What a storm goes over: signers of one site, on one store. */
export type Site = {
  readonly stations: readonly Station[];
  /** One for each signer over a database, none over files. */
  readonly proxies: readonly Proxy[];
  /** SIGKILL, and a new start; whether it was there to be killed. */
  readonly restartDatabase: (() => Promise<boolean>) | undefined;
  readonly close: () => Promise<void>;
};

/** On what signers are started, and how many of them can be. */
export const STORES = {
  sqlite: { meaning: 'one folder; one signer holds it and the others wait', signers: 2 },
  postgres: { meaning: 'a PostgreSQL that is started for it, a proxy for each signer', signers: 3 },
} as const;
export type StoreName = keyof typeof STORES;

/** Nothing is signed at or below it. */
export const FLOOR = { level: 1_000, round: 0 };

type Store = Omit<Site, 'stations'> & { readonly configurationOf: (at: number) => object };

/** Starts the signers. Whatever is started is stopped if that fails. */
export async function openSite(kind: StoreName, signers: number): Promise<Site> {
  const house = furnish(KEY_FILE, {
    floor: FLOOR,
    require_authentication: false,
    allow_list_known_keys: false,
    allow_to_prove_possession: false,
  });
  const store = await OPENERS[kind](house, signers).catch((error: unknown) => {
    house.remove();
    throw error;
  });
  const files = Array.from({ length: signers }, (_, at) => {
    const file = join(house.folder, `signer${at + 1}.yaml`);
    const own = { ...store.configurationOf(at), logLevel: 'error' };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ ...house.configuration, ...own }));
    return file;
  });
  const starts = await Promise.allSettled(files.map(file => Station.start(file)));
  const stations = starts.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(stations.map(station => station.stop()));
    await store.close();
    house.remove();
  };
  const failed = starts.find(one => one.status === 'rejected');
  if (failed === undefined) return { ...store, stations, close };
  await close();
  throw failed.reason;
}

const OPENERS: Readonly<Record<StoreName, (house: House, signers: number) => Promise<Store>>> = {
  sqlite: async house => {
    const { folder, file } = await furnishFiles(house);
    return {
      configurationOf: () => ({ store: folder, journal: file }),
      ...{ proxies: [], restartDatabase: undefined, close: () => Promise.resolve() },
    };
  },
  postgres: onPostgres,
};

async function onPostgres(house: House, signers: number): Promise<Store> {
  const postgres = await startPostgres();
  try {
    return await onDatabase(postgres, house, signers);
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

async function onDatabase(postgres: Postgres, house: House, signers: number): Promise<Store> {
  const url = await postgres.freshDatabase();
  let isDown = false;
  const { cluster, journals } = await furnishDatabase(url, house, signers);
  const target = { host: '127.0.0.1', port: postgres.port };
  const proxies = await Promise.all(
    journals.map(() => startProxy({ target, protocol: 'postgres' })),
  );
  const urlFiles = proxies.map((proxy, at) => {
    const urlFile = join(house.folder, `database${at + 1}.url`);
    writeFileSync(urlFile, `${proxy.url(url)}\n`, { mode: 0o600 });
    return urlFile;
  });
  return {
    configurationOf: at => ({
      database: { urlFile: urlFiles[at], cluster, isolation: 'serializable' },
      journal: journals[at],
    }),
    proxies,
    restartDatabase: async () => {
      if (isDown) return false;
      isDown = true;
      await postgres.kill();
      await postgres.restart();
      isDown = false;
      return true;
    },
    close: async () => {
      await Promise.all(proxies.map(proxy => proxy.close()));
      await postgres.close();
    },
  };
}
