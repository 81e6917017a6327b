import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultsError } from '../errors.ts';
import { startKeeper, type Keeper } from './keeper.ts';
import { freePort } from '../port.ts';
import { MISSING, postgresOwner, postgresPrograms, type Owner, type Programs } from './programs.ts';
import { run, startServer, type Server } from './server.ts';
import { sql, untilRow } from './sql.ts';

/** A PostgreSQL of one's own, on loopback, for tests. */
export type Postgres = {
  readonly port: number;
  /** Of the superuser, to the database `postgres`. Stays the same as long as this lives. */
  readonly url: string;
  /** Makes an empty database; its URL, of the superuser. */
  readonly freshDatabase: () => Promise<string>;
  /** Ends the server in order, without waiting for clients; `restart` brings it back. */
  readonly stop: () => Promise<void>;
  /** SIGKILL to all its processes at once; `restart` brings it back, through recovery. */
  readonly kill: () => Promise<void>;
  /** Starts the server, after `stop` if it runs. */
  readonly restart: () => Promise<void>;
  /** SIGSTOP to all its processes: connections stay, and nothing answers. */
  readonly pause: () => Promise<void>;
  readonly resume: () => Promise<void>;
  /** Copies the data of the running server; the folder, which is removed with this. */
  readonly snapshot: () => Promise<string>;
  /** Restarts the server on a copy that `snapshot` made. What came later is lost, as after a restored backup. */
  readonly restoreFrom: (snapshot: string) => Promise<void>;
  /** Makes a standby a primary that takes writes alone. */
  readonly promote: () => Promise<void>;
  /** Ends all processes at once and removes all folders. */
  readonly close: () => Promise<void>;
};

export type PostgresOptions = {
  /** Settings of postgresql.conf beyond PostgreSQL's own and ours. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** Where a server lives, before it is filled and started. */
type Place = {
  readonly programs: Programs;
  readonly owner: Owner;
  readonly folder: string;
  readonly keeper: Keeper;
};

const SUPERUSER = 'postgres';
const PROMOTE_MAX_S = 60;
const PORT_TRIES_MAX = 5;

/**
 * Makes a cluster in a temporary folder and starts it on a free port of loopback, fsync on. It ends with this process,
 * even when this one is killed.
 * @throws {FaultsError} `missing` without PostgreSQL, `failed` or `not_started`
 */
export function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  return inPlace(async place => {
    const { programs, owner, folder } = place;
    const user = ['--username', SUPERUSER, '--auth', 'trust'];
    const kind = ['--encoding', 'UTF8', '--locale', 'C', '--wal-segsize', '1'];
    const args = ['--pgdata', dataOf(folder), '--no-sync', ...user, ...kind];
    await run(programs.initdb, args, folder, owner);
    return start(place, options);
  });
}

/**
 * Starts a standby without which the primary commits nothing from here on: a commit returns once it can be read on the
 * standby (`remote_apply`). Streaming has begun when this resolves. A promoted standby waits for nobody.
 * @throws {FaultsError} as `startPostgres`
 */
export function startStandby(
  primary: Pick<Postgres, 'url'>,
  options: PostgresOptions = {},
): Promise<Postgres> {
  return inPlace(async place => {
    const { programs, owner, folder } = place;
    const name = `standby_${folder.slice(-6)}`;
    await backup(programs, `${primary.url}?application_name=${name}`, dataOf(folder), owner, [
      '--write-recovery-conf',
    ]);
    const standby = await start(place, options);
    await sql(
      primary.url,
      `alter system set synchronous_standby_names = '"${name}"'`,
      `alter system set synchronous_commit = 'remote_apply'`,
      'select pg_reload_conf()',
    );
    await untilRow(
      primary.url,
      `select 1 from pg_stat_replication where application_name = '${name}' and sync_state = 'sync'`,
    );
    return standby;
  });
}

const dataOf = (folder: string): string => join(folder, 'data');

async function inPlace(fill: (place: Place) => Promise<Postgres>): Promise<Postgres> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new FaultsError('missing', MISSING);
  const owner = postgresOwner();
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid ?? owner.uid);
  const keeper = startKeeper(folder, owner);
  try {
    return await fill({ programs, owner, folder, keeper });
  } catch (error) {
    await keeper.close();
    throw error;
  }
}

async function start(place: Place, { settings = {} }: PostgresOptions): Promise<Postgres> {
  for (let tries = 1; ; tries += 1) {
    const control = controlOf(place, await freePort(), settings);
    try {
      await control.restart();
      return control;
    } catch (error) {
      const taken = error instanceof Error && error.message.includes('Address already in use');
      if (!taken || tries === PORT_TRIES_MAX) throw error;
    }
  }
}

function controlOf(
  { programs, owner, folder, keeper }: Place,
  port: number,
  settings: Readonly<Record<string, string>>,
): Postgres {
  const [data, url] = [dataOf(folder), `postgresql://${SUPERUSER}@127.0.0.1:${port}/postgres`];
  const all = { ...ourSettings(folder, port), ...settings };
  let [server, databases, snapshots]: [Server | undefined, number, number] = [undefined, 0, 0];

  const stop = async (): Promise<void> => {
    await keeper.signal('CONT');
    await server?.stop();
    server = undefined;
  };
  const restart = async (): Promise<void> => {
    await stop();
    server = await startServer(programs.postgres, data, all, owner);
  };
  return {
    port,
    url,
    freshDatabase: async () => {
      const name = `fresh_${(databases += 1)}`;
      await sql(url, `create database ${name}`);
      return url.replace(/postgres$/, name);
    },
    stop,
    kill: async () => {
      await keeper.signal('KILL');
      await server?.ended;
      server = undefined;
    },
    restart,
    pause: () => keeper.signal('STOP'),
    resume: () => keeper.signal('CONT'),
    snapshot: async () => {
      const copy = join(folder, `snapshot-${(snapshots += 1)}`);
      await backup(programs, url, copy, owner, []);
      return copy;
    },
    restoreFrom: async snapshot => {
      await stop();
      rmSync(data, { recursive: true });
      await run('cp', ['-a', snapshot, data], folder, owner);
      await restart();
    },
    promote: async () => {
      await sql(url, `select pg_promote(true, ${PROMOTE_MAX_S})`);
    },
    close: async () => {
      await keeper.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ourSettings = (folder: string, port: number): Readonly<Record<string, string>> => ({
  listen_addresses: '127.0.0.1',
  port: port.toString(),
  unix_socket_directories: folder,
  shared_buffers: '16MB',
  // A standby asks for its primary again soon after that one was away.
  wal_retrieve_retry_interval: '100ms',
});

async function backup(
  programs: Programs,
  from: string,
  to: string,
  owner: Owner,
  options: readonly string[],
): Promise<void> {
  const args = ['--dbname', from, '--pgdata', to, '--checkpoint', 'fast', '--no-sync', ...options];
  await run(programs.pg_basebackup, args, join(to, '..'), owner);
}
