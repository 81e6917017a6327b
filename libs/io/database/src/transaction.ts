import type { Limit, Query } from './database.ts';
import { DatabaseError } from './errors.ts';
import { pause, timeIn } from './time.ts';

/** What is done in a transaction. */
export type Run<Outcome> = (query: Query) => Promise<Outcome>;

/** Gives a connection to one try; `spoil` keeps it from ever being used again. */
type Attempt = <Outcome>(
  use: (query: Query, spoil: () => void) => Promise<Outcome>,
  limit: Limit,
) => Promise<Outcome>;

const TRIES_MAX = 10;
/** Before the second try; twice as long before each later one. */
const PAUSE_MS = 5;
const PAUSE_MS_MAX = 200;

/** Runs a transaction until it is applied, refused, or nobody knows. */
export async function inTransaction<Outcome>(
  { deadlineMs }: Limit,
  run: Run<Outcome>,
  attempt: Attempt,
): Promise<Outcome> {
  const time = timeIn(deadlineMs);
  for (let tries = 1; ; tries += 1) {
    const pauseMs = Math.min(PAUSE_MS * 2 ** tries, PAUSE_MS_MAX);
    try {
      return await attempt((query, spoil) => once(query, spoil, run), {
        deadlineMs: time.leftMs(),
      });
    } catch (error) {
      const isOver = tries >= TRIES_MAX || time.leftMs() <= pauseMs;
      if (isOver || !(error instanceof DatabaseError && isSurelyNot(error))) throw error;
    }
    await pause(pauseMs);
  }
}

function isSurelyNot({ code }: DatabaseError): boolean {
  return code === 'not_applied' || code === 'refused_now';
}

/** Without a COMMIT nothing is applied: a connection that ends before rolls everything back. */
async function once<Outcome>(query: Query, spoil: () => void, run: Run<Outcome>): Promise<Outcome> {
  const before: Query = async (text, values) => {
    try {
      return await query(text, values);
    } catch (error) {
      throw error instanceof DatabaseError && error.code === 'unknown' ? lost(error) : error;
    }
  };
  await before('BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE');
  let outcome: Outcome;
  try {
    outcome = await run(before);
  } catch (error) {
    await before('ROLLBACK').catch(spoil);
    throw error;
  }
  try {
    await query('COMMIT');
  } catch (error) {
    spoil();
    throw error;
  }
  return outcome;
}

function lost({ message, sqlState }: DatabaseError): DatabaseError {
  return new DatabaseError('not_applied', `before the commit, ${message}`, sqlState);
}
