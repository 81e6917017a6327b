import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startProxy, type Proxy } from '@meridian/faults';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { err, ok } from '@meridian/prelude';
import { level, round, toBase58 } from '@meridian/tezos';
import { KINDS, NO_MAX_LEVEL } from '@meridian/watermark';
import {
  changeOf,
  changeOfRows,
  latch,
  latchKey,
  provision,
  takeOver,
} from '@meridian/watermark/administration';
import type { Change } from '@meridian/watermark/administration';
import { activate, CHAIN, HOLDER, pkhOf, provisionOnly, request } from './fixtures.ts';
import { latchAllRows } from './sql-administration.ts';
import { CASE_MAX_MS, closeAll, databaseAt, freshStore, storeAt } from './sql-fixtures.ts';

vi.setConfig({ testTimeout: CASE_MAX_MS, hookTimeout: CASE_MAX_MS });

const KEY = { chainId: CHAIN, pkh: pkhOf(1) };
const OTHER_CHAIN = toBase58('chainId', Uint8Array.of(9, 9, 9, 9));
const FLOOR = { level: level(9), round: round(0) };

/** Gives all rows of a key to a site. */
const taken = (site: string, epoch: number): Change =>
  changeOfRows(KEY, KINDS, row =>
    takeOver(row, {
      ...{ ...HOLDER, site, epoch, floor: FLOOR },
      ...{ by: 'break_glass', maxLevel: NO_MAX_LEVEL },
    }),
  );

describeWithPostgres('administration in SQL', () => {
  let postgres: Postgres;
  let proxy: Proxy;
  beforeAll(async () => {
    postgres = await startPostgres();
    const target = { host: '127.0.0.1', port: postgres.port };
    proxy = await startProxy({ target, protocol: 'postgres' });
  }, CASE_MAX_MS);
  afterEach(async () => {
    await proxy.heal();
    await closeAll();
  });
  afterAll(async () => {
    await proxy.close();
    await postgres.close();
  }, CASE_MAX_MS);

  test('writes all rows of a key, or none', async () => {
    const { url } = await freshStore(postgres);
    const store = await storeAt(url);
    await activate(store, 1, KINDS);
    const before = await store.rows();
    expect(await store.administer(KEY, () => err('wrong_mode'))).toEqual(err('wrong_mode'));
    const broken: Change = ([first, ...others]) =>
      ok([{ ...first!, seq: 2, generation: 1 }, ...others.map(row => ({ ...row, seq: 9 }))]);
    await expect(store.administer(KEY, broken)).rejects.toMatchObject({ code: 'mistake' });
    const unreadable: Change = rows =>
      ok(
        rows.map(row => ({
          ...row,
          site: row.kind === 'attestation' ? '' : 'ie',
          epoch: 2,
          seq: 2,
        })),
      );
    await expect(store.administer(KEY, unreadable)).rejects.toMatchObject({ code: 'mistake' });
    expect(await store.rows()).toEqual(before);
    const latched = await store.administer(KEY, rows => ok(latchKey(rows)));
    expect(latched).toEqual(ok(await store.rows()));
    // A change that was made already is not written again.
    await store.administer(KEY, rows => ok(latchKey(rows)));
    expect(await store.rows()).toEqual(latched.ok ? latched.value : []);
  });

  test('latches all rows of all keys and chains in one transaction, or none', async () => {
    const { url, sql } = await freshStore(postgres);
    const store = await storeAt(url);
    for (const key of [1, 2]) await activate(store, key, KINDS);
    await store.administer({ chainId: CHAIN, pkh: pkhOf(2) }, rows => ok(latchKey(rows)));
    const elsewhere = { chainId: OTHER_CHAIN, pkh: pkhOf(1) };
    const made = changeOf(elsewhere, KINDS, (before, row) =>
      provision(before, row, { ...HOLDER, epoch: 0 }, FLOOR, 'new'),
    );
    expect(await store.administer(elsewhere, made)).toMatchObject({ ok: true });
    const before = await store.rows();
    const log = await sql('SELECT * FROM epoch_log');
    const database = databaseAt(url);
    const all = (end: () => void) =>
      database.transaction(
        async query => {
          const rows = await latchAllRows(query);
          end();
          return rows;
        },
        { deadlineMs: CASE_MAX_MS },
      );
    const cut = all(() => {
      throw new Error('cut off');
    });
    await expect(cut).rejects.toThrow('cut off');
    expect(await store.rows()).toEqual(before);
    const written = await all(() => undefined);
    expect(written).toEqual(before.filter(({ mode }) => mode !== 'latched').map(latch));
    expect(written.map(({ mode }) => mode)).toEqual(Array(6).fill('latched'));
    expect(await store.rows()).toEqual(before.map(latch));
    expect(await sql('SELECT * FROM epoch_log')).toEqual(log);
    expect(await all(() => undefined)).toEqual([]);
  });

  test('writes down who got which epoch, in the same transaction', async () => {
    const { url, sql } = await freshStore(postgres);
    const store = await storeAt(url);
    await activate(store, 1, KINDS);
    await store.administer(KEY, taken('ie', 5));
    await store.administer(KEY, rows => ok(latchKey(rows)));
    const log = await sql(
      'SELECT epoch, site, incarnation, max_level, previous_epoch FROM epoch_log WHERE kind = 19 ORDER BY epoch',
    );
    const common = { incarnation: 'first', max_level: NO_MAX_LEVEL };
    expect(log).toEqual([
      { ...common, epoch: 0, site: 'us', previous_epoch: null },
      { ...common, epoch: 1, site: 'us', previous_epoch: 0 },
      { ...common, epoch: 5, site: 'ie', previous_epoch: 1 },
    ]);
    expect(await sql('SELECT 1 FROM epoch_log')).toHaveLength(9);
  });

  test('gives no epoch to a second holder, also where the row has forgotten the first', async () => {
    const { url, sql } = await freshStore(postgres);
    const store = await storeAt(url);
    await activate(store, 1, KINDS);
    await store.administer(KEY, taken('ie', 5));
    await sql('UPDATE watermark SET epoch = 1, seq = seq + 1');
    const before = await store.rows();
    expect(await store.administer(KEY, taken('us', 5))).toEqual(err('stale_epoch'));
    expect(await store.rows()).toEqual(before);
    expect(await store.administer(KEY, taken('us', 6))).toMatchObject({ ok: true });
  });

  test('makes rows anew that were lost, under an epoch that was written down for them', async () => {
    const { url, sql } = await freshStore(postgres);
    const store = await storeAt(url);
    await activate(store, 1, KINDS);
    await sql('DELETE FROM watermark');
    const holder = { ...HOLDER, generation: 1, incarnation: 'second' };
    const anew = changeOf(KEY, KINDS, (row, key) =>
      provision(row, key, holder, { level: level(50), round: round(0) }, 'doubtful'),
    );
    expect(await store.administer(KEY, anew)).toMatchObject({ ok: true });
    expect(await sql('SELECT 1 FROM epoch_log')).toHaveLength(6);
  });

  test('of two sites at once makes one the holder, and the other one hears it', async () => {
    const { url } = await freshStore(postgres);
    const [one, other] = [await storeAt(url), await storeAt(url)];
    await activate(one, 1, KINDS);
    const outcomes = await Promise.all([
      one.administer(KEY, taken('us', 2)),
      other.administer(KEY, taken('ie', 2)),
    ]);
    expect(outcomes.map(outcome => outcome.ok).sort()).toEqual([false, true]);
    expect(outcomes.find(outcome => !outcome.ok)).toEqual(err('stale_epoch'));
    const sites = new Set((await one.rows()).map(({ site }) => site));
    expect(sites.size).toBe(1);
  });

  test('loses nothing of what is signed meanwhile', async () => {
    const { url } = await freshStore(postgres);
    const store = await storeAt(url);
    const other = await storeAt(url, { isolation: 'read committed' });
    await activate(store, 1, KINDS);
    const marks = Array.from({ length: 20 }, (_, at) => request({ level: 10 + at }));
    let latest = 0;
    const signing = (async () => {
      for (const asked of marks) {
        if ((await other.advance(asked)).ok) latest = asked.level;
      }
    })();
    const moving = (async () => {
      for (let epoch = 2; epoch < 8; epoch += 1) await store.administer(KEY, taken('us', epoch));
    })();
    await Promise.all([signing, moving]);
    const row = (await store.rows()).find(({ kind }) => kind === 'attestation');
    expect(row?.level).toBe(Math.max(9, latest));
    expect(row).toMatchObject({ epoch: 7 });
  });

  test.each([
    ['COMMIT', { cut: 'before' }],
    ['COMMIT', { cut: 'after' }],
    ['COMMIT', { sqlstate: '40003', when: 'after' }],
    ['COMMIT', { sqlstate: '40001', when: 'before' }],
    ['INSERT INTO watermark', { sqlstate: '40001', when: 'before' }],
    ['INSERT INTO watermark', { cut: 'after' }],
    ['INSERT INTO epoch_log', { sqlstate: '57P01', when: 'before', fatal: true }],
  ] as const)('is made once where %s fails (%o)', async (where, fault) => {
    const { url, sql } = await freshStore(postgres);
    const store = await storeAt(proxy.url(url));
    const strikes = proxy.onStatement(new RegExp(where), fault);
    await provisionOnly(store, 1, KINDS);
    expect(strikes.count()).toBe(1);
    expect(await store.rows()).toMatchObject(KINDS.map(kind => ({ kind, seq: 0 })));
    expect(await sql('SELECT 1 FROM epoch_log')).toHaveLength(3);
  });

  test.each([
    ['COMMIT', { cut: 'before' }],
    ['COMMIT', { cut: 'after' }],
    ['UPDATE watermark', { sqlstate: '40001', when: 'before' }],
  ] as const)('moves rows once where %s fails (%o)', async (where, fault) => {
    const { url, sql } = await freshStore(postgres);
    const store = await storeAt(proxy.url(url));
    await activate(store, 1, KINDS);
    const strikes = proxy.onStatement(new RegExp(where), fault);
    expect(await store.administer(KEY, taken('ie', 5))).toMatchObject({ ok: true });
    expect(strikes.count()).toBe(1);
    expect(await store.rows()).toMatchObject(KINDS.map(() => ({ site: 'ie', epoch: 5, seq: 2 })));
    expect(await sql('SELECT 1 FROM epoch_log')).toHaveLength(9);
  });
});
