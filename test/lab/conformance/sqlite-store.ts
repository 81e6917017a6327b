import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openJournal, openSqliteStore } from '@meridian/watermark-store';
import type { House } from './house.ts';
import { provisionRows } from './provision.ts';
import type { OpenStore, StoreKind } from './stores.ts';

/** Files in the folder of the case. One process holds them, so a second signer would only wait. */
export const SQLITE_STORE: StoreKind = {
  name: 'sqlite',
  version: `SQLite ${process.versions['sqlite'] ?? ''}`,
  replicasMax: 1,
  hangsBeforeStart: true,
  cannot: {},
  open: openFor,
  close: () => Promise.resolve(),
};

/** Makes the store of a house and its journal, which know its rows; nobody holds them afterwards. */
export async function furnishFiles(
  house: House,
): Promise<{ readonly folder: string; readonly file: string }> {
  const [folder, file] = [join(house.folder, 'store'), join(house.folder, 'journal.sqlite')];
  const store = openSqliteStore(folder, openJournal(file));
  for (const chainId of house.chains) store.journal.setHorizon(chainId, house.horizon);
  await provisionRows(store, house);
  await store.close();
  return { folder, file };
}

async function openFor(house: House): Promise<OpenStore> {
  const { folder, file } = await furnishFiles(house);
  const open = () => openSqliteStore(folder, openJournal(file));
  return {
    configurationOf: () => ({ store: folder, journal: file }),
    weather: {
      // The hold of another process is what a file that never answers is to a signer.
      hang: () => {
        const held = open();
        return Promise.resolve(() => held.close());
      },
      loseAnswer: undefined,
      fillDisk: async pids => {
        await Promise.all(pids.map(pid => limitFiles(pid, '0')));
        return async () => {
          await Promise.all(pids.map(pid => limitFiles(pid, 'unlimited').catch(() => undefined)));
        };
      },
    },
    close: () => Promise.resolve(),
  };
}

/** Beyond this size the process writes to no file; to pipes and sockets it does. */
async function limitFiles(pid: number, bytes: string): Promise<void> {
  await promisify(execFile)('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`]);
}
