import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { migrate, type Database } from '@meridian/database';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { level, round } from '@meridian/tezos';
import type { Kind, Row, SignRequest } from '@meridian/watermark';
import {
  changeOfRows,
  extendLease,
  freeze,
  latch,
  takeOver,
  type Authority,
} from '@meridian/watermark/administration';
import { activate, CHAIN, HOLDER, pkhOf, provisionOnly, request, type Wish } from './fixtures.ts';
import {
  memoryJournal,
  memoryStore,
  openSqliteStore,
  openSqlStore,
  SQL_MIGRATIONS,
} from './index.ts';
import { CASE_MAX_MS, closeAll, databaseAt, PATIENT } from './sql-fixtures.ts';
import { INSERT, parametersOf } from './sql-statements.ts';
import type { WatermarkStore } from './store.ts';

vi.setConfig({ testTimeout: CASE_MAX_MS, hookTimeout: CASE_MAX_MS });

/*
 * Whatever the medium, a store is the same function of what it is asked: for every ordered pair of a small universe, in
 * which collisions are the rule, all of them give the same outcomes and leave the same rows.
 */

/** One thing to do to a key; what it gives, or what it is refused for. */
type Action = (store: WatermarkStore, key: number, kind: Kind) => Promise<unknown>;

function requestOf(key: number, kind: Kind, wish: Wish): SignRequest {
  const asked = request({ ...wish, key });
  return kind === 'block' ? { ...asked, kind, bytes: null } : { ...asked, kind };
}
const advancing =
  (wish: Wish): Action =>
  (store, key, kind) =>
    store.advance(requestOf(key, kind, wish));
const sealing =
  (wish: Wish, signature: string): Action =>
  (store, key, kind) =>
    store.seal(requestOf(key, kind, wish), signature);
const administering =
  (change: Parameters<typeof changeOfRows>[2]): Action =>
  (store, key, kind) => {
    const rows = { chainId: CHAIN, pkh: pkhOf(key) };
    return store.administer(rows, changeOfRows(rows, [kind], change));
  };

const AT = { level: 10, payload: 'A' };
const taken = (authority: Partial<Authority>): Action =>
  administering(row =>
    takeOver(row, {
      ...HOLDER,
      by: 'break_glass',
      maxLevel: 20,
      floor: { level: level(9), round: round(0) },
      ...authority,
    }),
  );

const ACTIONS: readonly Action[] = [
  ...[9, 10, 11].flatMap(at =>
    [0, 1].flatMap(round => ['A', 'B'].map(payload => advancing({ level: at, round, payload }))),
  ),
  advancing({ level: 8, round: 5 }),
  ...[
    { epoch: 0 },
    { epoch: 2 },
    { site: 'ie' },
    { site: 'ie', epoch: 2 },
    { incarnation: 'second' },
  ]
    .concat([{ generation: 1 }] as object[] as { epoch: number }[])
    .map(holder => advancing({ ...AT, holder })),
  ...[0, 1, 2, 3, 99].map(seenSeq => advancing({ ...AT, seenSeq })),
  sealing(AT, 'one'),
  sealing(AT, 'other'),
  sealing({ ...AT, payload: 'B' }, 'one'),
  sealing({ ...AT, round: 1 }, 'one'),
  sealing({ level: 11 }, 'one'),
  sealing({ ...AT, holder: { epoch: 2 } }, 'one'),
  sealing({ ...AT, seenSeq: 3 }, 'one'),
  administering(row => freeze(row, HOLDER, 2)),
  administering(row => ({ ok: true, value: latch(row) })),
  taken({ site: 'ie', epoch: 2 }),
  taken({ epoch: 2, maxLevel: 11 }),
  administering(row => extendLease({ ...row, maxLevel: 5 }, HOLDER, 11)),
];

type Case = {
  readonly key: number;
  /** Of the row that is asked for; the key has one for preattestations beside it. */
  readonly kind: Kind;
  readonly isActive: boolean;
  readonly actions: readonly Action[];
};

const PAIRS = ACTIONS.flatMap(first => ACTIONS.map(second => [first, second]));
const AFTER_SEALING = ACTIONS.map(third => [advancing(AT), sealing(AT, 'one'), third]);

/** Each has a key of its own: pairs on active rows, also after a signature, single actions on those in standby. */
const CASES: readonly Case[] = [
  ...(['block', 'attestation'] as const).flatMap(kind =>
    [...AFTER_SEALING, ...PAIRS].map(actions => ({ kind, isActive: true, actions })),
  ),
  ...ACTIONS.map(action => ({ kind: 'block' as const, isActive: false, actions: [action] })),
].map((each, at) => ({ ...each, key: at + 1 }));

/** Cases that are asked at once. */
const AT_ONCE = 24;

/** Does something for each of many, so many at once. */
async function forEach<Item>(
  items: readonly Item[],
  use: (item: Item, at: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const work = async () => {
    for (let at = next++; at < items.length; at = next++) await use(items[at]!, at);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/**
 * What becomes of every case in a store, and the rows that its key has then.
 * @param expected what it has to be; the first case that differs ends it
 */
async function tellingsOf(
  store: WatermarkStore,
  expected?: readonly unknown[],
): Promise<readonly unknown[]> {
  const tellings: unknown[] = [];
  await forEach(CASES, async ({ key, kind, actions }, at) => {
    const outcomes: unknown[] = [];
    for (const action of actions) outcomes.push(await action(store, key, kind));
    const telling = {
      at,
      outcomes: plain(outcomes),
      rows: plain(await store.read(CHAIN, pkhOf(key))),
    };
    tellings[at] = telling;
    if (expected !== undefined) expect(telling).toEqual(expected[at]);
  });
  return tellings;
}

/** What can be compared; the rows of a key are in no order. */
const plain = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (_name, inner: unknown) =>
      isRows(inner) ? inner.toSorted(byKind) : inner,
    ),
  ) as unknown;
const isRows = (value: unknown): value is Row[] =>
  Array.isArray(value) && value.every(each => (each as Row | null)?.kind !== undefined);
const byKind = (one: Row, other: Row) => (one.kind < other.kind ? -1 : 1);

async function provisioned(store: WatermarkStore): Promise<void> {
  await Promise.all(
    CASES.map(({ key, kind, isActive }) =>
      isActive
        ? activate(store, key, [kind, 'preattestation'])
        : provisionOnly(store, key, [kind, 'preattestation']),
    ),
  );
}

describeWithPostgres('the contract of stores', () => {
  let postgres: Postgres;
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'contract-'));
    // Nothing is asked here of what survives a power cut.
    postgres = await startPostgres({ settings: { synchronous_commit: 'off', fsync: 'off' } });
  }, CASE_MAX_MS);
  afterAll(async () => {
    await closeAll();
    await postgres.close();
    rmSync(folder, { recursive: true, force: true });
  }, CASE_MAX_MS);

  const filled = async (database: Database, rows: readonly Row[]): Promise<void> => {
    await migrate(database, SQL_MIGRATIONS);
    await forEach(rows, row =>
      database.query(INSERT.text, parametersOf(INSERT, row), { deadlineMs: CASE_MAX_MS }),
    );
  };

  let rows: readonly Row[] = [];
  let expected: readonly unknown[] = [];
  beforeAll(async () => {
    const memory = memoryStore();
    await provisioned(memory);
    rows = await memory.rows();
    expected = await tellingsOf(memory);
  }, CASE_MAX_MS);

  test.each(['serializable', 'read committed'] as const)(
    'PostgreSQL does what memory does, %s, for every pair of what can be asked',
    async isolation => {
      const url = await postgres.freshDatabase();
      const database = databaseAt(url, { durability: 'waived', isolation, connectionsMax: 12 });
      await filled(database, rows);
      const store = await openSqlStore({ database, ...PATIENT });
      await tellingsOf(store, expected);
    },
    CASE_MAX_MS,
  );

  test(
    'SQLite does what memory does, for every pair of what can be asked',
    async () => {
      const sqlite = openSqliteStore(join(folder, 'watermark'), memoryJournal());
      await provisioned(sqlite);
      await tellingsOf(sqlite, expected);
      await sqlite.close();
    },
    CASE_MAX_MS,
  );
});
