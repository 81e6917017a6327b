import { DatabaseError } from './errors.ts';
import { told } from './classify.ts';
import { timeoutsOf, type DatabaseOptions } from './options.ts';

/** A row of an answer by column. `INT8` is a number, `BYTEA` lower-case hexadecimal digits. */
export type Fields = Readonly<Record<string, unknown>>;

/** Asks a new connection; the rows of all statements of a text, one after the other. */
export type Ask = (text: string) => Promise<readonly Fields[]>;

/** Which server a connection leads to. */
export type Session = {
  readonly engine: 'cockroachdb' | 'postgresql';
  /** Of the table `cluster_identity`; null where there is none yet. */
  readonly cluster: string | null;
  /** What that table says of the server that it was made on, and what this server says of itself. */
  readonly recordedSystem: string | null;
  readonly system: string | null;
  /** Of PostgreSQL, as hexadecimal digits: one more with each standby that took over. */
  readonly timeline: string | null;
  /** Commits wait for a standby. */
  readonly isSynchronous: boolean;
};

/** What a server has to say to a `SHOW`, or a test of it. */
type Expectations = Readonly<Record<string, string | readonly string[]>>;

/** The variables that both servers know. */
const everywhere = (isolation: string): Expectations => ({
  default_transaction_isolation: isolation,
  transaction_isolation: isolation,
  default_transaction_read_only: 'off',
  transaction_read_only: 'off',
});

const ON_COCKROACHDB: Expectations = { default_transaction_use_follower_reads: 'off' };

/** On these rests that a commit which was confirmed is still there after a power cut. */
const DURABLE_POSTGRESQL: Expectations = {
  synchronous_commit: ['on', 'remote_apply'],
  fsync: 'on',
  full_page_writes: 'on',
};

const MS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, min: 60_000, h: 3_600_000 };

/**
 * Asks a new connection who is there, and whether anything may rest on it. Settings may come from roles, databases and
 * clusters, so what was asked for in the connection is read back.
 * @throws DatabaseError `misconfigured`, and what the driver threw
 */
export async function examine(ask: Ask, options: DatabaseOptions): Promise<Session> {
  const [answer] = await ask('SELECT version() AS version');
  const version = String(answer?.['version']);
  const engine = version.startsWith('CockroachDB') ? 'cockroachdb' : 'postgresql';
  if (engine === 'postgresql' && !version.startsWith('PostgreSQL ')) {
    throw new DatabaseError('misconfigured', 'the server is neither CockroachDB nor PostgreSQL');
  }
  await assertSettings(ask, engine, options);
  const place = engine === 'postgresql' ? await placeOf(ask) : ON_COCKROACHDB_PLACE;
  return { engine, ...place, ...(await recordedIn(ask)) };
}

async function assertSettings(
  ask: Ask,
  engine: Session['engine'],
  options: DatabaseOptions,
): Promise<void> {
  const { isolation = 'serializable', durability = 'required' } = options;
  if (engine === 'cockroachdb' && isolation !== 'serializable') {
    throw new DatabaseError('misconfigured', 'CockroachDB is used at serializable isolation only');
  }
  const durable = durability === 'required' ? DURABLE_POSTGRESQL : {};
  const expected = {
    ...everywhere(isolation),
    ...(engine === 'cockroachdb' ? ON_COCKROACHDB : durable),
  };
  const { statementMs, lockMs, idleInTransactionMs } = timeoutsOf(options);
  const limits = {
    statement_timeout: statementMs,
    lock_timeout: lockMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  };
  const names = [...Object.keys(expected), ...Object.keys(limits)];
  const rows = await ask(names.map(name => `SHOW ${name}`).join('; '));
  const shown = Object.assign({}, ...rows) as Fields;
  for (const [name, value] of Object.entries(expected)) {
    if (!([value].flat() as unknown[]).includes(shown[name])) refuse(name, shown[name], value);
  }
  for (const [name, value] of Object.entries(limits)) {
    const [, count = '', unit = ''] = /^(\d+)(\D*)$/.exec(String(shown[name])) ?? [];
    if (Number(count) * (MS[unit] ?? NaN) !== value) refuse(name, shown[name], `${value}ms`);
  }
}

function refuse(name: string, shown: unknown, expected: string | readonly string[]): never {
  const wanted = [expected].flat().join(' or ');
  throw new DatabaseError('misconfigured', `${name} is ${String(shown)}, not ${wanted}`);
}

type Place = Pick<Session, 'system' | 'timeline' | 'isSynchronous'>;

/** Its own cluster id is closed to roles of applications (deploy.md A.4); a CA of its own tells a cluster. */
const ON_COCKROACHDB_PLACE: Place = { system: null, timeline: null, isSynchronous: true };

/**
 * The timeline is that of the log being written: the last checkpoint, which `pg_control_checkpoint()` tells of, may be
 * older than the promotion of a standby.
 */
const PLACE = `SELECT pg_is_in_recovery() AS standby, current_setting('synchronous_standby_names') AS names,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline`;

async function placeOf(ask: Ask): Promise<Place> {
  const [place] = await ask(PLACE);
  if (place?.['standby'] !== false) {
    throw new DatabaseError('misconfigured', 'the server is a standby, which takes no writes');
  }
  const [control] = await orNothing(
    '42501',
    ask('SELECT system_identifier::TEXT AS system FROM pg_control_system()'),
  );
  return {
    system: control === undefined ? null : String(control['system']),
    timeline: String(place['timeline']),
    isSynchronous: place['names'] !== '',
  };
}

async function recordedIn(ask: Ask): Promise<Pick<Session, 'cluster' | 'recordedSystem'>> {
  const rows = await orNothing(
    '42P01',
    ask('SELECT cluster::TEXT AS cluster, system_identifier AS system FROM cluster_identity'),
  );
  const [one, another] = rows;
  if (another !== undefined) {
    throw new DatabaseError('other_cluster', 'the database says twice which cluster it is');
  }
  const { cluster = null, system = null } = (one ?? {}) as Record<string, string | null>;
  return { cluster, recordedSystem: system };
}

/** No rows where the server answers with this SQLSTATE. */
async function orNothing<Rows>(
  sqlState: string,
  asked: Promise<readonly Rows[]>,
): Promise<readonly Rows[]> {
  try {
    return await asked;
  } catch (error) {
    if (told(error, 'connecting').sqlState === sqlState) return [];
    throw error;
  }
}
