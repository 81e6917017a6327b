import {
  DatabaseError,
  MAY_ASK_AGAIN,
  pause,
  type Database,
  type DatabaseErrorCode,
  type Fields,
  type Time,
} from '@meridian/database';
import type { Row } from '@meridian/watermark';
import { StoreError, type StoreErrorCode } from './errors.ts';
import { parametersOf, type Statement } from './sql-statements.ts';

/** Sends a statement until its outcome is known. */
export type Ask = (
  statement: Statement,
  fields: Partial<Row>,
  time: Time,
) => Promise<readonly Fields[]>;

/** Before a statement is sent again, in milliseconds; twice as long before each later time. */
const PAUSE_MS = 5;
const PAUSE_MS_MAX = 50;

/**
 * Asks a database within a time. Where nobody knows whether a statement was carried out, the very same one is sent
 * again: it was written so that it may be carried out twice, and a read would decide nothing.
 * @param attemptMs how long one reply is waited for
 */
export function askerOf(database: Database, attemptMs: number): Ask {
  return async (statement, fields, time) => {
    const values = parametersOf(statement, fields);
    let why = 'the time was up before the statement was sent';
    for (let pauseMs = PAUSE_MS; time.leftMs() > 0; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      const deadlineMs = Math.min(attemptMs, time.leftMs());
      try {
        return await database.query(statement.text, values, { deadlineMs });
      } catch (error) {
        if (!mayAskAgain(error)) throw storeErrorOf(error);
        why = error.message;
      }
      await pause(Math.min(pauseMs, Math.max(0, time.leftMs())));
    }
    throw new StoreError('unavailable', why);
  };
}

/** Whether the same statement, or the same transaction, may be sent again. */
export function mayAskAgain(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && MAY_ASK_AGAIN.has(error.code);
}

const CODES: Readonly<Partial<Record<DatabaseErrorCode, StoreErrorCode>>> = {
  other_cluster: 'other_cluster',
  failed_over: 'other_cluster',
  not_migrated: 'not_migrated',
  misconfigured: 'misconfigured',
  mistake: 'mistake',
  closed: 'closed',
};

/** What keeps a database from being asked at all, in the words of a store. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (!(error instanceof DatabaseError)) {
    return new StoreError('mistake', undefined, { cause: error });
  }
  return new StoreError(CODES[error.code] ?? 'unavailable', error.message);
}
