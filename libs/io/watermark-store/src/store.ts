import { assert, err, ok, type Result } from '@meridian/prelude';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import { advance, mayWrite, REFUSALS, seal } from '@meridian/watermark';
import type { Permission, Refusal, Row, RowKey, SignRequest } from '@meridian/watermark';
import { latch, type AdministrationRefusal } from '@meridian/watermark/administration';
import { StoreError } from './errors.ts';

/** The rows of a store inside one transaction. */
export type Rows = {
  readonly get: (key: RowKey) => Row | undefined;
  readonly ofKey: (chainId: ChainId, pkh: PublicKeyHash) => readonly Row[];
  readonly all: () => readonly Row[];
  /** Writes over the row with the `seq` before, or anew; false when another `seq` stands there. */
  readonly write: (row: Row) => boolean;
};

/** Where rows are kept: `commit` returns once everything since `begin` is durable. */
export type Medium = {
  readonly rows: Rows;
  readonly begin: () => void;
  readonly commit: () => void;
  readonly rollback: () => void;
  readonly close: () => void;
};

/** A change by a function of `@meridian/watermark/administration`. */
export type Change = (row: Row | undefined) => Result<Row, AdministrationRefusal>;

/**
 * The durable memory of what was signed. Whatever it permits has been made durable before its promise resolves; a
 * promise that rejects, always with a {@link StoreError}, permits nothing.
 */
export type WatermarkStore = {
  readonly advance: (request: SignRequest) => Promise<Result<Permission, Refusal>>;
  readonly seal: (request: SignRequest, signature: string) => Promise<Result<Row, Refusal>>;
  /** All rows of a key, as they are now. */
  readonly read: (chainId: ChainId, pkh: PublicKeyHash) => Promise<readonly Row[]>;
  readonly rows: () => Promise<readonly Row[]>;
  readonly administer: (key: RowKey, change: Change) => Promise<Result<Row, AdministrationRefusal>>;
  readonly close: () => Promise<void>;
};

type Job = {
  readonly run: (rows: Rows) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: StoreError) => void;
};

/** Changes that wait for the next transaction; 500 keys with three kinds fit twice. */
const WAITING_JOBS_MAX = 4_096;

/**
 * A store over a medium. Changes that arrive in one turn of the event loop share a transaction, so that one
 * synchronisation of the disk serves many keys; each has its own outcome. If that fails, all of them are refused and
 * the store makes no further change.
 */
export function storeOver(medium: Medium): WatermarkStore {
  let waiting: Job[] = [];
  let broken: StoreError | undefined;
  const flush = (): void => {
    const jobs = waiting;
    waiting = [];
    if (jobs.length === 0) return;
    try {
      medium.begin();
      const outcomes = jobs.map(({ run }) => run(medium.rows));
      medium.commit();
      for (const [at, { resolve }] of jobs.entries()) resolve(outcomes[at] as never);
    } catch (error) {
      broken = breakOff(medium, error);
      for (const { reject } of jobs) reject(broken);
    }
  };
  const within = <Outcome>(run: (rows: Rows) => Outcome): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      if (broken !== undefined) reject(broken);
      else if (waiting.length >= WAITING_JOBS_MAX) reject(new StoreError('overloaded'));
      else if (waiting.push({ run, resolve, reject }) === 1) setImmediate(flush);
    });
  return {
    advance: request => within(rows => advanceIn(rows, request)),
    seal: (request, signature) =>
      within(rows => {
        const sealed = seal(rows.get(request), request, signature);
        if (sealed.ok) write(rows, sealed.value);
        else latchWhereTold(rows, request, sealed.error);
        return sealed;
      }),
    read: (chainId, pkh) => within(rows => rows.ofKey(chainId, pkh)),
    rows: () => within(rows => rows.all()),
    administer: (key, change) => within(rows => administerIn(rows, key, change)),
    close: async () => {
      flush();
      broken ??= new StoreError('closed');
      medium.close();
      await Promise.resolve();
    },
  };
}

function advanceIn(rows: Rows, request: SignRequest): Result<Permission, Refusal> {
  const permission = advance(rows.get(request), request);
  if (permission.ok) write(rows, permission.value.row);
  else latchWhereTold(rows, request, permission.error);
  return permission;
}

function administerIn(rows: Rows, key: RowKey, change: Change): Result<Row, AdministrationRefusal> {
  const before = rows.get(key);
  const changed = change(before);
  if (!changed.ok) return err(changed.error);
  // The very row means that the change was made already.
  if (changed.value !== before) write(rows, changed.value);
  return ok(changed.value);
}

/** What is wrong with one row of a key may be wrong with all (rule 8). */
function latchWhereTold(rows: Rows, { chainId, pkh }: RowKey, { code }: Refusal): void {
  if (!REFUSALS[code].latches) return;
  for (const row of rows.ofKey(chainId, pkh)) {
    const latched = latch(row);
    if (latched !== row) write(rows, latched);
  }
}

/** Inside one transaction nobody else writes, so a `seq` that is not the expected one is a broken medium. */
function write(rows: Rows, row: Row): void {
  assert(mayWrite(rows.get(row), row), 'a row is written over the one that it came from');
  if (!rows.write(row)) throw new StoreError('unavailable', 'a row changed under a transaction');
}

function breakOff(medium: Medium, error: unknown): StoreError {
  try {
    medium.rollback();
  } catch {
    // What failed is told by the first error; nothing of the transaction was told to anybody.
  }
  if (error instanceof StoreError) return error;
  return new StoreError('unavailable', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
