import { assertSchema, pause, timeIn, type Database, type Time } from '@meridian/database';
import { err, ok, type Result } from '@meridian/prelude';
import { comparePositions, refusalOf, REFUSALS, rowName, seal } from '@meridian/watermark';
import type { Refusal, Row, SignRequest } from '@meridian/watermark';
import { StoreError } from './errors.ts';
import { locks } from './locks.ts';
import { administration } from './sql-administration.ts';
import { askerOf, storeErrorOf, type Ask } from './sql-asking.ts';
import { rowOf } from './sql-rows.ts';
import { SQL_MIGRATIONS } from './sql-schema.ts';
import * as statements from './sql-statements.ts';
import type { Statement } from './sql-statements.ts';
import type { WatermarkStore } from './store.ts';

/** A store in a database that signers of a site share. */
export type SqlStoreOptions = {
  /** Whose schema has {@link SQL_MIGRATIONS}. It is closed with the store. */
  readonly database: Database;
  /** What is not known to be durable by then is refused, in milliseconds. */
  readonly deadlineMs?: number;
  /** One reply is waited for this long, in milliseconds: there has to be time left for asking again. */
  readonly attemptMs?: number;
};

/** Signer.md E.3: block times are seconds. */
const DEADLINE_MS = 800;
const ATTEMPT_MS = 350;
/** Asked by operators and at start, not on the way of a signature. */
const READ_DEADLINE_MS = 5_000;
/** Before a row that moved meanwhile is tried again. */
const MOVED_PAUSE_MS = 2;
/** Calls that wait; 500 keys with three kinds fit twice. */
const WAITING_CALLS_MAX = 4_096;

/**
 * Opens the store in a migrated database. A permission is the success of one conditional write, never the result of a
 * read; a read only names the reason of a refusal.
 * @throws StoreError `not_migrated`, `other_cluster`, `misconfigured`, `unavailable`
 */
export async function openSqlStore(options: SqlStoreOptions): Promise<WatermarkStore> {
  const { database, deadlineMs = DEADLINE_MS, attemptMs = ATTEMPT_MS } = options;
  try {
    await assertSchema(database, SQL_MIGRATIONS.length);
  } catch (error) {
    throw storeErrorOf(error);
  }
  const ask = askerOf(database, attemptMs);
  const one = locks();
  const administer = administration(database, one);
  const call = callsOf();
  const change = (request: SignRequest, decide: (time: Time) => Promise<Result<Row, Refusal>>) => {
    const time = timeIn(deadlineMs);
    return call(() => one(rowName(request), () => decide(time)));
  };
  const rows = (statement: Statement, fields: Partial<Row>) =>
    call(async () => (await ask(statement, fields, timeIn(READ_DEADLINE_MS))).map(rowOf));
  return {
    advance: async request => {
      const why = (row: Row | undefined) => refusalOf(row, request);
      const outcome = await change(request, time =>
        decided(ask, statements.ADVANCE, request, why, time),
      );
      return outcome.ok ? ok({ row: outcome.value, signature: outcome.value.signature }) : outcome;
    },
    seal: (request, signature) => {
      const why = (row: Row | undefined) => {
        const outcome = seal(row, request, signature);
        return outcome.ok ? undefined : outcome.error;
      };
      const sealing = { ...request, signature };
      return change(request, time => decided(ask, statements.SEAL, sealing, why, time));
    },
    read: (chainId, pkh) => rows(statements.ROWS_OF_KEY, { chainId, pkh }),
    rows: () => rows(statements.ALL_ROWS, {}),
    administer: (key, wanted) => call(() => administer(key, wanted)),
    // Any statement passes all that is asserted of a connection.
    probe: async () => {
      await call(() => database.session({ deadlineMs }));
    },
    close: async () => {
      call.close();
      await database.close();
    },
  };
}

/** What is written, and what its writer knows of the row. */
type Wish = SignRequest & { readonly signature?: string };

/**
 * Writes, or says why not. The reason is read afterwards; where the row would allow it by then, it moved in between,
 * and is written to once more: what was read decides nothing.
 */
async function decided(
  ask: Ask,
  statement: Statement,
  wish: Wish,
  why: (row: Row | undefined) => Refusal | undefined,
  time: Time,
): Promise<Result<Row, Refusal>> {
  const fields = { ...wish, seq: wish.seenSeq ?? 0 };
  for (;;) {
    const [written] = await ask(statement, fields, time);
    if (written !== undefined) return taken(ask, wish, rowOf(written), time);
    const [found] = await ask(statements.ROW, wish, time);
    const refusal = why(found === undefined ? undefined : rowOf(found));
    if (refusal !== undefined) return refused(ask, wish, refusal, time);
    await pause(MOVED_PAUSE_MS);
  }
}

/** A reply is held against what was asked: it has to be about that, and newer than all that was seen. */
function taken(ask: Ask, wish: Wish, row: Row, time: Time): Promise<Result<Row, Refusal>> {
  const isSame = rowName(row) === rowName(wish) && row.digest === wish.digest;
  if (!isSame || comparePositions(row, wish) !== 0) {
    throw new StoreError('unavailable', 'the reply is about something else');
  }
  // Asked this way round, a sequence that is no number counts as one that fell back.
  const isNewer = wish.seenSeq === null || row.seq > wish.seenSeq;
  if (!isNewer) return refused(ask, wish, { code: 'store_went_back' }, time);
  return Promise.resolve(ok(row));
}

/** What is wrong with one row of a key may be wrong with all (rule 8). */
async function refused(
  ask: Ask,
  wish: Wish,
  refusal: Refusal,
  time: Time,
): Promise<Result<never, Refusal>> {
  if (REFUSALS[refusal.code].latches) await ask(statements.LATCH, wish, time);
  return err(refusal);
}

/** Calls of a store: a number of them at once, and none once it is closed. */
function callsOf() {
  let waiting = 0;
  let isClosed = false;
  const call = async <Outcome>(run: () => Promise<Outcome>): Promise<Outcome> => {
    if (isClosed) throw new StoreError('closed');
    if (waiting >= WAITING_CALLS_MAX) throw new StoreError('overloaded');
    waiting += 1;
    try {
      return await run();
    } catch (error) {
      throw storeErrorOf(error);
    } finally {
      waiting -= 1;
    }
  };
  const close = () => {
    isClosed = true;
  };
  return Object.assign(call, { close });
}
