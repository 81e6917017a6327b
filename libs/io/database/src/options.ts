import { readFileSync } from 'node:fs';
import type { PoolConfig } from 'pg';
import { DatabaseError } from './errors.ts';
import type { Session } from './session.ts';

/** Isolation levels under which the statements of the signer were proved. */
export const ISOLATIONS = ['serializable', 'read committed'] as const;

/** How long things may take, in milliseconds. */
export type Timeouts = {
  /** The server gives a statement up. */
  readonly statementMs: number;
  /** The server gives a wait for a lock up. */
  readonly lockMs: number;
  /** The server ends a transaction that is left alone. */
  readonly idleInTransactionMs: number;
  /** A connection is given up while it is made. */
  readonly connectMs: number;
};

/** Deploy.md A.7. Whoever migrates gives statements more time: CockroachDB changes a schema in jobs. */
export const TIMEOUTS: Timeouts = {
  statementMs: 600,
  lockMs: 400,
  idleInTransactionMs: 3_000,
  connectMs: 1_000,
};

/** How a database is reached, and what it has to be. */
export type DatabaseOptions = {
  /**
   * `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, one host. `?sslmode=verify-full` is what counts without it, but on
   * this machine; `?sslmode=disable` is the one other mode. It is told to nobody.
   */
  readonly url: string;
  /** Shown in the server's list of sessions: which replica this is. */
  readonly applicationName: string;
  /** Asserted on each connection. CockroachDB takes `serializable` only. */
  readonly isolation?: (typeof ISOLATIONS)[number];
  /** The UUID of {@link provisionIdentity}; without it, the first one that is met is the one of this process. */
  readonly cluster?: string;
  /**
   * What a new timeline of PostgreSQL means. `refused`: another server took over and may have forgotten commits, so an
   * operator has to act. `synchronous`: it is taken where the server before had a synchronous standby.
   */
  readonly failover?: 'refused' | 'synchronous';
  /**
   * The timeline of PostgreSQL, eight hexadecimal digits, that an operator takes after a failover that was refused.
   * CockroachDB has none.
   */
  readonly timeline?: string;
  /** The server as an earlier process knew it: a new one is held against it, too. */
  readonly known?: Session;
  /**
   * The word of an operator that the server `to` holds what the server `from` held, as after pg_upgrade or a dump that was
   * restored: identifiers of PostgreSQL. No third one is taken then.
   */
  readonly replaces?: { readonly from: string; readonly to: string };
  /** Told of a server that is taken and differs from the one before. What it throws keeps the server from being taken. */
  readonly met?: (session: Session) => void;
  /** PEM files; with `cert` and `key` a client shows who it is. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly timeouts?: Partial<Timeouts>;
  /** Connections of the pool, which are kept open once they were made. */
  readonly connectionsMax?: number;
  /** For tests alone: `waived` takes a server that forgets what it confirmed. */
  readonly durability?: 'required' | 'waived';
};

const CONNECTIONS_MAX = 8;
/** A connection lives this long at least, and up to twice as long: a pool does not end all of them at once. */
const LIFETIME_SECONDS = 600;

/**
 * The options in the words of the driver.
 * @throws DatabaseError `bad_options`, which names the option and never its secret
 */
export function poolConfig(options: DatabaseOptions): PoolConfig {
  const { isolation = 'serializable', applicationName } = options;
  const { statementMs, lockMs, idleInTransactionMs, connectMs } = timeoutsOf(options);
  const url = parsed(options.url);
  const connections = wholeNumber('connectionsMax', options.connectionsMax ?? CONNECTIONS_MAX);
  return {
    host: hostOf(url),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    user: decoded(url.username),
    ...(url.password === '' ? {} : { password: decoded(url.password) }),
    database: decoded(url.pathname.slice(1)),
    ssl: tlsOf(options, url),
    application_name: applicationName,
    options: `-c default_transaction_isolation=${isolation.replace(' ', String.raw`\ `)}`,
    statement_timeout: statementMs,
    lock_timeout: lockMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    max: connections,
    min: connections,
    maxLifetimeSeconds: LIFETIME_SECONDS + Math.floor(Math.random() * LIFETIME_SECONDS),
  };
}

/** The timeouts that hold, each a whole number above zero: to a server, zero is for ever. */
export function timeoutsOf({ timeouts = {} }: Pick<DatabaseOptions, 'timeouts'>): Timeouts {
  const all = { ...TIMEOUTS, ...timeouts };
  for (const [name, value] of Object.entries(all)) wholeNumber(`timeouts.${name}`, value);
  return all;
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new DatabaseError('bad_options', `${name} is no whole number above zero`);
}

/** No error here may say what the URL is. */
function parsed(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^(postgres|postgresql|cockroachdb):$/.test(url.protocol)) {
    throw new DatabaseError('bad_options', 'url is no postgresql:// URL of one host');
  }
  if (url.hostname === '' || url.username === '' || url.pathname.length < 2) {
    throw new DatabaseError('bad_options', 'url names no user, host or database');
  }
  const unknown = [...url.searchParams.keys()].some(name => name !== 'sslmode');
  if (unknown) throw new DatabaseError('bad_options', 'url takes no parameter but sslmode');
  return url;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new DatabaseError('bad_options', 'url has a % that stands for nothing');
  }
}

/** An IPv6 address stands in brackets in a URL alone. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function tlsOf({ tls }: DatabaseOptions, url: URL): PoolConfig['ssl'] {
  const isHere = LOOPBACK.test(url.hostname) && tls === undefined;
  const mode = url.searchParams.get('sslmode') ?? (isHere ? 'disable' : 'verify-full');
  if (mode !== 'disable' && mode !== 'verify-full') {
    throw new DatabaseError('bad_options', 'sslmode is verify-full, or disable');
  }
  if (mode === 'disable') {
    if (tls === undefined) return false;
    throw new DatabaseError('bad_options', 'tls is of no use with sslmode disable');
  }
  const files = Object.entries(tls ?? {}).map(([name, file]) => [name, contentOf(name, file)]);
  return {
    ...(Object.fromEntries(files) as object),
    // What the certificate has to name; without it, Node holds that of an address against "localhost".
    host: hostOf(url),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  };
}

function contentOf(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unreadable' } = error as { readonly code?: string };
    throw new DatabaseError('bad_options', `tls.${name} cannot be read (${code})`);
  }
}
