import { KEEPS_CONNECTION, told } from './classify.ts';
import { connectionsOf, type Held } from './connections.ts';
import { DatabaseError } from './errors.ts';
import type { DatabaseOptions } from './options.ts';
import type { Fields, Session } from './session.ts';
import { within } from './time.ts';
import { inTransaction, type Run } from './transaction.ts';

/** What stands in a statement for `$1` and so on. */
export type Parameter = string | number | boolean | null | Uint8Array;

/** How long a call may take, in milliseconds, connecting included. */
export type Limit = { readonly deadlineMs: number };

/** Sends one statement. */
export type Query = (text: string, values?: readonly Parameter[]) => Promise<readonly Fields[]>;

/** A pool of connections to one cluster. Every promise rejects with a {@link DatabaseError} and nothing else. */
export type Database = {
  /** One statement, a transaction of its own. After its deadline it may still be carried out: see `unknown`. */
  readonly query: (
    text: string,
    values: readonly Parameter[],
    limit: Limit,
  ) => Promise<readonly Fields[]>;
  /**
   * Statements of an operator's act in one `SERIALIZABLE` transaction. It is run anew after it was surely not applied,
   * so `run` may be called several times; a commit that nobody knows of is `unknown`. What `run` throws rolls back, and
   * is thrown as it is.
   */
  readonly transaction: <Outcome>(run: Run<Outcome>, limit: Limit) => Promise<Outcome>;
  /** Which server is there now. */
  readonly session: (limit: Limit) => Promise<Session>;
  /** Ends all connections. Again, it does nothing. */
  readonly close: () => Promise<void>;
};

/**
 * Opens a database. Nothing is connected yet: what keeps a connection from being used is thrown by what asks for it.
 * @throws DatabaseError `bad_options`
 */
export function openDatabase(options: DatabaseOptions): Database {
  const connections = connectionsOf(options);
  return {
    query: (text, values, limit) => connections.use(limit, held => sent(held, text, values)),
    transaction: (run, limit) =>
      inTransaction(limit, run, (attempt, left) =>
        connections.use(left, held =>
          attempt((text, values = []) => sent(held, text, values), held.spoil),
        ),
      ),
    session: limit => connections.use(limit, ({ session }) => Promise.resolve(session)),
    close: connections.close,
  };
}

async function sent(
  { client, time, spoil }: Held,
  text: string,
  values: readonly Parameter[],
): Promise<readonly Fields[]> {
  if (time.leftMs() <= 0) throw new DatabaseError('not_applied', 'the time was up before it left');
  try {
    const query = { text, values: [...values] };
    const { rows, command } = await within(client.query<Record<string, unknown>>(query), time);
    // What was aborted is rolled back by a COMMIT, without an error.
    if (text === 'COMMIT' && command !== 'COMMIT') {
      throw new DatabaseError('not_applied', `the transaction ended in ${command}`);
    }
    return rows;
  } catch (error) {
    const failure = told(error, 'sent');
    if (!KEEPS_CONNECTION.has(failure.code)) spoil();
    throw failure;
  }
}
