import { Pool, types, type PoolClient, type QueryResult } from 'pg';
import { told } from './classify.ts';
import { DatabaseError } from './errors.ts';
import { identityGuard } from './identity.ts';
import { poolConfig, timeoutsOf, type DatabaseOptions } from './options.ts';
import { examine, type Fields, type Session } from './session.ts';
import { timeIn, within, type Time } from './time.ts';

/** A connection that was examined, for as long as one call has it. */
export type Held = {
  readonly client: PoolClient;
  readonly session: Session;
  readonly time: Time;
  /** It is thrown away afterwards. */
  readonly spoil: () => void;
};

/** A pool whose connections lead to one cluster, which is set up as it has to be. */
export type Connections = {
  readonly use: <Outcome>(
    limit: { readonly deadlineMs: number },
    use: (held: Held) => Promise<Outcome>,
  ) => Promise<Outcome>;
  readonly close: () => Promise<void>;
};

/** Statements that wait for a connection; 500 keys with three kinds fit twice. */
const WAITING_STATEMENTS_MAX = 4_096;
/** Connections that end by themselves get this long. */
const CLOSE_MS = 2_000;

/** @throws DatabaseError `bad_options` */
export function connectionsOf(options: DatabaseOptions): Connections {
  const { pool, end } = poolOf(options);
  const { connectMs } = timeoutsOf(options);
  const guard = identityGuard(options);
  const sessions = new WeakMap<PoolClient, Session>();
  let closing: Promise<void> | undefined;

  const admitted = async (client: PoolClient): Promise<Session> => {
    try {
      const time = timeIn(connectMs);
      const session = await examine(text => answersOf(client, text, time), options);
      guard.admit(session);
      sessions.set(client, session);
      return session;
    } catch (error) {
      client.release(true);
      throw error;
    }
  };
  const acquired = async (): Promise<readonly [PoolClient, Session]> => {
    for (;;) {
      const client = await pool.connect();
      const session = sessions.get(client) ?? (await admitted(client));
      if (guard.isCurrent(session)) return [client, session];
      // To the server that another one took over from.
      client.release(true);
    }
  };
  /** A connection within the time; one that comes later goes to whoever asks next. */
  const held = async (time: Time): Promise<readonly [PoolClient, Session]> => {
    if (pool.waitingCount >= WAITING_STATEMENTS_MAX) {
      throw new DatabaseError('refused_now', 'too many statements wait for a connection');
    }
    const acquiring = acquired();
    try {
      return await within(acquiring, time);
    } catch (error) {
      acquiring.then(([client]) => client.release()).catch(() => undefined);
      throw told(error, 'connecting');
    }
  };
  return {
    use: async ({ deadlineMs }, use) => {
      if (closing !== undefined) throw new DatabaseError('closed', 'no statement is taken');
      const time = timeIn(deadlineMs);
      const [client, session] = await held(time);
      let isSpoilt = false;
      const spoil = () => {
        isSpoilt = true;
      };
      try {
        return await use({ client, session, time, spoil });
      } finally {
        client.release(isSpoilt);
      }
    },
    close: () => (closing ??= end()),
  };
}

/** The pool of the driver, and how it ends. */
function poolOf(options: DatabaseOptions): { pool: Pool; end: () => Promise<void> } {
  const pool = new Pool({ ...poolConfig(options), types: { getTypeParser: parserOf } });
  const open = new Set<PoolClient>();
  pool.on('connect', client => {
    open.add(client);
    // A connection that breaks while it is held tells so to the statement on it; unheard it would end the process.
    client.on('error', () => undefined);
  });
  pool.on('remove', client => open.delete(client));
  // The pool has thrown away what broke while nobody held it.
  pool.on('error', () => undefined);
  const end = async (): Promise<void> => {
    try {
      await within(pool.end(), timeIn(CLOSE_MS));
    } catch {
      // One that does not answer any more never says goodbye.
      for (const client of open) streamOf(client)?.destroy();
    }
  };
  return { pool, end };
}

/** Several statements in one message, so that a new connection takes few round trips. */
async function answersOf(client: PoolClient, text: string, time: Time): Promise<readonly Fields[]> {
  const answers = (await within(client.query(text), time)) as QueryResult | QueryResult[];
  return [answers].flat().flatMap(({ rows }) => rows as readonly Fields[]);
}

function streamOf(client: PoolClient): { destroy: () => void } | undefined {
  const { connection } = client as {
    connection?: { stream?: { destroy: () => void } };
  };
  return connection?.stream;
}

const [INT8, BYTEA]: readonly number[] = [types.builtins.INT8, types.builtins.BYTEA];

const parserFor = types.getTypeParser as (
  type: number,
  format: 'text',
) => (text: string) => unknown;

/** As text, all that the driver cannot tell as a value of its own is exact. */
function parserOf(type: number): (text: string) => unknown {
  if (type === INT8) return safeInteger;
  if (type === BYTEA) return text => text.replace(/^\\x/, '');
  return parserFor(type, 'text');
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new DatabaseError('mistake', 'a number of the database is larger than ours can be');
}
