import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import type { Database } from './database.ts';
import { DatabaseError } from './errors.ts';
import { CASE_MAX_MS, closeAll, failureOf, LIMIT, open } from './fixtures.ts';

vi.setConfig({ testTimeout: CASE_MAX_MS, hookTimeout: CASE_MAX_MS });

describeWithPostgres('a transaction', () => {
  let postgres: Postgres;
  let database: Database;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, CASE_MAX_MS);
  beforeEach(async () => {
    database = open(await postgres.freshDatabase(), { isolation: 'read committed' });
    await database.query('CREATE TABLE t (n INT8 CHECK (n < 100))', [], LIMIT);
    await database.query('INSERT INTO t VALUES (0)', [], LIMIT);
  });
  afterEach(closeAll);
  afterAll(() => postgres.close(), CASE_MAX_MS);

  const value = async () => (await database.query('SELECT n FROM t', [], LIMIT))[0]?.['n'];

  test('is serializable: those that meet are run again, and none is lost', async () => {
    let runs = 0;
    const all = Promise.withResolvers<undefined>();
    const add = () =>
      database.transaction(async query => {
        runs += 1;
        const [row] = await query('SELECT n FROM t');
        // None of them writes before all have read.
        if (runs === 3) all.resolve(undefined);
        await all.promise;
        await query('UPDATE t SET n = $1::INT8', [Number(row?.['n']) + 1]);
      }, LIMIT);
    await Promise.all([add(), add(), add()]);
    expect(await value()).toBe(3);
    expect(runs).toBeGreaterThan(3);
  });

  test('that throws changes nothing, and gives its error on as it is', async () => {
    const mine = new Error('mine');
    const failing = database.transaction(async query => {
      await query('UPDATE t SET n = 1');
      throw mine;
    }, LIMIT);
    expect(await failureOf(failing)).toBe(mine);
    expect(await value()).toBe(0);
  });

  test('with a mistake is not run again', async () => {
    let runs = 0;
    const failing = database.transaction(async query => {
      runs += 1;
      await query('UPDATE t SET n = 100');
    }, LIMIT);
    expect(await failureOf(failing)).toMatchObject({ code: 'mistake', sqlState: '23514' });
    expect([runs, await value()]).toEqual([1, 0]);
  });

  test('whose connection ends before the commit is run again', async () => {
    let runs = 0;
    const outcome = await database.transaction(async query => {
      await query('UPDATE t SET n = n + 1');
      runs += 1;
      if (runs === 1) await query('SELECT pg_terminate_backend(pg_backend_pid())');
      return 'done';
    }, LIMIT);
    expect([outcome, runs, await value()]).toEqual(['done', 2, 1]);
  });

  test('that hides a failure of its own is not taken for a commit', async () => {
    const hiding = database.transaction(
      async query => {
        await query('UPDATE t SET n = 100').catch(() => undefined);
      },
      { deadlineMs: 1_000 },
    );
    expect(await failureOf(hiding)).toMatchObject({ code: 'not_applied' });
    expect(await value()).toBe(0);
  });

  test('that is given up in the middle holds nothing and gives no connection back', async () => {
    const one = open(postgres.url, { connectionsMax: 1 });
    const slow = one.transaction(
      async query => {
        await query('SELECT pg_sleep(30)');
      },
      { deadlineMs: 300 },
    );
    expect(await failureOf(slow)).toBeInstanceOf(DatabaseError);
    const [row] = await one.query('SELECT now() = statement_timestamp() AS alone', [], LIMIT);
    expect(row).toEqual({ alone: true });
  });
});
