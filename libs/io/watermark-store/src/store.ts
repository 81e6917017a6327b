import { assert, ok, type Result } from '@meridian/prelude';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import { advance, mayWrite, REFUSALS, seal } from '@meridian/watermark';
import type { Permission, Refusal, RefusalCode, Row, RowKey } from '@meridian/watermark';
import type { SignRequest } from '@meridian/watermark';
import { latch, writesOf } from '@meridian/watermark/administration';
import type { AdministrationRefusal, Change, KeyOfRows } from '@meridian/watermark/administration';
import { breakageOf, StoreError } from './errors.ts';

/** The rows of a store inside one transaction. */
export type Rows = {
  readonly get: (key: RowKey) => Row | undefined;
  readonly ofKey: (chainId: ChainId, pkh: PublicKeyHash) => readonly Row[];
  readonly all: () => readonly Row[];
  /** Writes over the row with the `seq` before, or anew; false when another `seq` stands there. */
  readonly write: (row: Row) => boolean;
};

/** Where rows are kept: `commit` gets all that was written since `begin`, and returns once it is durable. */
export type Medium = {
  readonly rows: Rows;
  readonly begin: () => void;
  readonly commit: (writes: readonly Row[]) => void;
  readonly rollback: () => void;
  readonly close: () => void;
};

/** All rows of a key after a change, or why there was none. */
export type Changed = Result<readonly Row[], AdministrationRefusal>;

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
  /** Changes the rows of a key in one step: all that the change gives is written, or nothing. */
  readonly administer: (key: KeyOfRows, change: Change) => Promise<Changed>;
  /** Rejects when the store is broken, closed or not where it was: for readiness. */
  readonly probe: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** What is told, and the rows that have to be durable before. */
type Decision<Outcome = unknown> = {
  readonly outcome: Outcome;
  readonly writes: readonly Row[];
};

type Job = {
  readonly decide: (rows: Rows) => Decision;
  readonly resolve: (value: never) => void;
  readonly reject: (error: StoreError) => void;
};

/** Changes that wait for the next transaction; 500 keys with three kinds fit twice. */
const WAITING_JOBS_MAX = 4_096;

/**
 * A store over a medium. Changes that arrive in one turn of the event loop share a transaction, so that one
 * synchronisation of the disk serves many keys; each has its own outcome. A change that throws before it writes is
 * refused alone, since that is a mistake of ours; if the transaction fails, all of it is refused and the store makes
 * no further change. It lets go of its medium then, so that whoever waits for it may open it anew and see what is left.
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
      const made = jobs.map(job => performed(medium.rows, job));
      medium.commit(made.flatMap(({ writes }) => writes));
      for (const { tell } of made) tell();
    } catch (error) {
      broken = breakOff(medium, error);
      for (const { reject } of jobs) reject(broken);
    }
  };
  const within = <Outcome>(decide: (rows: Rows) => Decision<Outcome>): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      if (broken !== undefined) reject(broken);
      else if (waiting.length >= WAITING_JOBS_MAX) reject(new StoreError('overloaded'));
      else if (waiting.push({ decide, resolve, reject }) === 1) setImmediate(flush);
    });
  return {
    advance: request => within(rows => advanceIn(rows, request)),
    seal: (request, signature) => within(rows => sealIn(rows, request, signature)),
    read: (chainId, pkh) => within(rows => ({ outcome: rows.ofKey(chainId, pkh), writes: [] })),
    rows: () => within(rows => ({ outcome: rows.all(), writes: [] })),
    administer: (key, change) => within(rows => administerIn(rows, key, change)),
    probe: () => within(() => ({ outcome: undefined, writes: [] })),
    close: async () => {
      flush();
      if (broken !== undefined) return;
      broken = new StoreError('closed');
      medium.close();
      await Promise.resolve();
    },
  };
}

/** What was written, and what tells the outcome, once all of the transaction is durable. */
type Made = { readonly writes: readonly Row[]; readonly tell: () => void };

function performed(rows: Rows, { decide, resolve, reject }: Job): Made {
  let decision: Decision;
  try {
    decision = decide(rows);
  } catch (error) {
    const mistake = new StoreError('mistake', undefined, { cause: error });
    return { writes: [], tell: () => reject(mistake) };
  }
  const { outcome, writes } = decision;
  for (const row of writes) writeRow(rows, row);
  return { writes, tell: () => resolve(outcome as never) };
}

function advanceIn(rows: Rows, request: SignRequest): Decision<Result<Permission, Refusal>> {
  const outcome = advance(rows.get(request), request);
  const writes = outcome.ok ? [outcome.value.row] : latches(rows, request, outcome.error.code);
  return { outcome, writes };
}

function sealIn(
  rows: Rows,
  request: SignRequest,
  signature: string,
): Decision<Result<Row, Refusal>> {
  const outcome = seal(rows.get(request), request, signature);
  return {
    outcome,
    writes: outcome.ok ? [outcome.value] : latches(rows, request, outcome.error.code),
  };
}

function administerIn(rows: Rows, key: KeyOfRows, change: Change): Decision<Changed> {
  const before = rows.ofKey(key.chainId, key.pkh);
  const changed = change(before);
  if (!changed.ok) return { outcome: changed, writes: [] };
  const writes = writesOf(key, before, changed.value);
  const kept = before.filter(row => !writes.some(({ kind }) => kind === row.kind));
  return { outcome: ok([...kept, ...writes]), writes };
}

/** What is wrong with one row of a key may be wrong with all (rule 8), whichever generation each of them is. */
export function latches(rows: Rows, { chainId, pkh }: RowKey, code: RefusalCode): readonly Row[] {
  if (!REFUSALS[code].latches) return [];
  const before = rows.ofKey(chainId, pkh);
  return before.map(latch).filter(row => !before.includes(row));
}

/** Inside one transaction nobody else writes, so a `seq` that is not the expected one is a broken medium. */
export function writeRow(rows: Rows, row: Row): void {
  assert(mayWrite(rows.get(row), row), 'a row is written over the one that it came from');
  if (!rows.write(row)) throw new StoreError('unavailable', 'a row changed under a transaction');
}

/** What fails here is told by the first error; nothing of the transaction was told to anybody. */
function breakOff(medium: Medium, error: unknown): StoreError {
  for (const end of [medium.rollback, medium.close]) {
    try {
      end();
    } catch {
      // See above.
    }
  }
  return breakageOf(error);
}
