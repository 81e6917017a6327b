import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startProxy } from '@meridian/faults';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { openDatabase, type Database } from './database.ts';
import { CASE_MAX_MS, closeAll, failureOf, LIMIT, open } from './fixtures.ts';

vi.setConfig({ testTimeout: CASE_MAX_MS, hookTimeout: CASE_MAX_MS });

const SHORT = { deadlineMs: 300 };

describeWithPostgres('a database', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, CASE_MAX_MS);
  afterEach(closeAll);
  afterAll(() => postgres.close(), CASE_MAX_MS);

  const pidOf = async (database: Database) => {
    const [row] = await database.query('SELECT pg_backend_pid() AS pid', [], LIMIT);
    return row?.['pid'];
  };
  const running = (admin: Database, what: string) =>
    expect.poll(
      async () =>
        (
          await admin.query(
            `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1`,
            [`${what}%`],
            LIMIT,
          )
        ).length,
      { timeout: CASE_MAX_MS },
    );

  test('gives numbers for INT8, digits for BYTEA and what was sent for text', async () => {
    const database = open(postgres.url);
    const [row] = await database.query(
      'SELECT $1::INT8 AS n, $2::BYTEA AS b, $3::TEXT AS t, NULL AS nothing',
      [2 ** 40, Uint8Array.of(0, 0xab, 0x5c), "\\x41' --"],
      LIMIT,
    );
    expect(row).toEqual({ n: 2 ** 40, b: '00ab5c', t: "\\x41' --", nothing: null });
  });

  test('gives no number that is larger than ours can be', async () => {
    const failure = failureOf(open(postgres.url).query('SELECT 9007199254740993::INT8', [], LIMIT));
    expect(await failure).toMatchObject({ code: 'mistake' });
  });

  test('gives a statement up at its deadline, and its connection with it', async () => {
    const database = open(postgres.url, { connectionsMax: 1 });
    const before = await pidOf(database);
    const failure = await failureOf(database.query('SELECT pg_sleep(30)', [], SHORT));
    expect(failure).toMatchObject({ code: 'unknown', sqlState: undefined });
    expect(await pidOf(database)).not.toBe(before);
  });

  test('sends nothing for which no connection was free in time, and loses none of them', async () => {
    const database = open(postgres.url, { connectionsMax: 1 });
    const admin = open(postgres.url);
    const before = await pidOf(database);
    await admin.query('CREATE TABLE sent (n INT8)', [], LIMIT);
    const long = database.query('SELECT pg_sleep(1)', [], LIMIT);
    await running(admin, 'SELECT pg_sleep(1)').toBe(1);
    const failure = failureOf(
      database.query('INSERT INTO sent VALUES (1)', [], { deadlineMs: 50 }),
    );
    expect(await failure).toMatchObject({ code: 'refused_now' });
    await long;
    expect(await pidOf(database)).toBe(before);
    expect(await admin.query('SELECT n FROM sent', [], LIMIT)).toEqual([]);
  });

  test('has timeouts that the server keeps to', async () => {
    const timeouts = { statementMs: 400, lockMs: 200 };
    const database = open(postgres.url, { timeouts });
    expect(await failureOf(database.query('SELECT pg_sleep(30)', [], LIMIT))).toMatchObject({
      ...{ code: 'unknown', sqlState: '57014' },
    });
    const admin = open(postgres.url);
    await admin.query('CREATE TABLE locked (n INT8)', [], LIMIT);
    await admin.query('INSERT INTO locked VALUES (1)', [], LIMIT);
    await admin.transaction(async query => {
      await query('UPDATE locked SET n = 2');
      const failure = failureOf(database.query('UPDATE locked SET n = 3', [], LIMIT));
      expect(await failure).toMatchObject({ code: 'not_applied', sqlState: '55P03' });
    }, LIMIT);
  });

  test('does not know of a statement whose server process ended, and goes on', async () => {
    const [database, admin] = [open(postgres.url), open(postgres.url)];
    const failure = failureOf(database.query('SELECT pg_sleep(31)', [], LIMIT));
    await running(admin, 'SELECT pg_sleep(31)').toBe(1);
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(31)%'`;
    await admin.query(end, [], LIMIT);
    expect(await failure).toMatchObject({ code: 'unknown', sqlState: '57P01' });
    // One that ends while nobody uses it ends nothing.
    const pid = await pidOf(database);
    await admin.query('SELECT pg_terminate_backend($1::INT4)', [Number(pid)], LIMIT);
    await expect
      .poll(() => pidOf(database).catch(() => pid), { timeout: CASE_MAX_MS })
      .not.toBe(pid);
  });

  test(
    'answers in time where the server does not, and closes all the same',
    async () => {
      const database = open(postgres.url);
      await pidOf(database);
      await postgres.pause();
      try {
        const failure = await failureOf(database.query('SELECT 1', [], SHORT));
        expect(failure).toMatchObject({ code: 'unknown' });
        const another = await failureOf(database.query('SELECT 1', [], SHORT));
        expect(another).toMatchObject({ code: 'refused_now' });
        await database.close();
      } finally {
        await postgres.resume();
      }
    },
    CASE_MAX_MS,
  );

  test(
    'keeps a connection that was made too late for whoever asks next',
    async () => {
      const target = { host: '127.0.0.1', port: postgres.port };
      const proxy = await startProxy({ target });
      proxy.delay(150);
      const database = open(proxy.url(postgres.url), { connectionsMax: 1 });
      // To connect and to examine takes several times as long as one answer.
      const asked = () => database.query('SELECT 1 AS one', [], { deadlineMs: 900 });
      expect(await failureOf(asked())).toMatchObject({ code: 'refused_now' });
      const later = () => asked().catch(() => undefined);
      await expect.poll(later, { timeout: CASE_MAX_MS }).toEqual([{ one: 1 }]);
      await closeAll();
      await proxy.close();
    },
    CASE_MAX_MS,
  );

  test('has sent nothing where nobody listens, or nobody answers', async () => {
    const silent = createServer(() => undefined);
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as { port: number };
    const url = `postgresql://u:s3cret@127.0.0.1:${port.toString()}/d`;
    const timeouts = { connectMs: 200 };
    const ask = () => failureOf(open(url, { timeouts }).query('SELECT 1', [], LIMIT));
    const unanswered = await ask();
    silent.close();
    await closeAll();
    const unheard = await ask();
    for (const failure of [unanswered, unheard]) {
      expect(failure).toMatchObject({ code: 'refused_now' });
      expect(`${failure.stack ?? ''}${JSON.stringify(failure)}`).not.toContain('s3cret');
    }
  });

  test.each([
    ['is read-only', 'default_transaction_read_only = on', 'misconfigured'],
    ['forgets commits', 'synchronous_commit = off', 'misconfigured'],
  ])('is refused where it %s', async (_what, setting, code) => {
    const url = await postgres.freshDatabase();
    const name = url.split('/').at(-1)!;
    await open(postgres.url).query(`ALTER DATABASE ${name} SET ${setting}`, [], LIMIT);
    expect(await failureOf(open(url).query('SELECT 1', [], LIMIT))).toMatchObject({ code });
  });

  test('has the isolation that was asked for, whatever its roles and databases say', async () => {
    const url = await postgres.freshDatabase();
    const name = url.split('/').at(-1)!;
    const weaker = `ALTER DATABASE ${name} SET default_transaction_isolation = 'read uncommitted'`;
    await open(postgres.url).query(weaker, [], LIMIT);
    for (const isolation of ['serializable', 'read committed'] as const) {
      const [row] = await open(url, { isolation }).query('SHOW transaction_isolation', [], LIMIT);
      expect(row).toEqual({ transaction_isolation: isolation });
    }
  });

  test('takes nothing once it is closed, and closes twice', async () => {
    const database = openDatabase({ url: postgres.url, applicationName: 'test' });
    await pidOf(database);
    await Promise.all([database.close(), database.close()]);
    expect(await failureOf(database.query('SELECT 1', [], LIMIT))).toMatchObject({
      code: 'closed',
    });
  });
});
