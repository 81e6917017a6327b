import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { connect } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { absence } from './describe.ts';
import { describeWithPostgres, startPostgres, startStandby, type Postgres } from './index.ts';
import { sql, untilRow } from './sql.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

test('a part that is missing is skipped, and fails where CI is set', () => {
  expect([undefined, '', 'false', '0'].map(absence)).toEqual(Array(4).fill('skip'));
  expect(['true', '1'].map(absence)).toEqual(['fail', 'fail']);
});

const count = async (url: string): Promise<unknown> =>
  (await sql(url, 'select count(*)::int as n from t'))[0]?.['n'];

describeWithPostgres('a PostgreSQL for tests', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.close());

  const filled = async (): Promise<string> => {
    const url = await postgres.freshDatabase();
    await sql(url, 'create table t (n int primary key)', 'insert into t values (1)');
    return url;
  };

  test('writes to disk before it says that it has committed', async () => {
    const shown = await sql(postgres.url, 'show fsync');
    expect(shown).toEqual([{ fsync: 'on' }]);
  });

  test('gives every test a database of its own', async () => {
    const [one, other] = [await filled(), await filled()];
    await sql(one, 'insert into t values (2)');
    expect([await count(one), await count(other)]).toEqual([2, 1]);
  });

  test('keeps what was committed when it is stopped or killed', async () => {
    const url = await filled();
    for (const end of [postgres.stop, postgres.kill]) {
      const client = new pg.Client(url);
      const broken = new Promise(resolve => client.on('error', resolve));
      await client.connect();
      await end();
      await broken;
      await expect(sql(url, 'select 1')).rejects.toThrow('ECONNREFUSED');
      await postgres.restart();
      expect(await count(url)).toBe(1);
    }
  });

  test('answers nothing while it is paused, and everything after', async () => {
    const url = await filled();
    await postgres.pause();
    let answered = false;
    const answer = count(url).finally(() => (answered = true));
    // Its port still takes connections; that no answer comes can only be waited for.
    await once(connect(postgres.port, '127.0.0.1'), 'connect');
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(answered).toBe(false);
    await postgres.resume();
    expect(await answer).toBe(1);
  });

  test('forgets what came after the copy that it is restored from', async () => {
    const url = await filled();
    const copy = await postgres.snapshot();
    await sql(url, 'insert into t values (2)');
    for (const expected of [1, 1]) {
      await postgres.restoreFrom(copy);
      expect(await count(url)).toBe(expected);
      await sql(url, 'insert into t values (3)');
    }
  });
});

describeWithPostgres('a synchronous standby', () => {
  let [primary, standby]: Postgres[] = [];
  beforeAll(async () => {
    primary = await startPostgres();
    standby = await startStandby(primary);
  });
  afterAll(async () => {
    await standby?.close();
    await primary?.close();
  });

  test('has each commit before it returns, holds commits up while it is away, and takes over', async () => {
    const url = await primary!.freshDatabase();
    const there = url.replace(`:${primary!.port}/`, `:${standby!.port}/`);
    await sql(url, 'create table t (n int primary key)', 'insert into t values (1)');
    expect(await count(there)).toBe(1);
    await expect(sql(there, 'insert into t values (2)')).rejects.toThrow('read-only');

    await standby!.kill();
    const held = sql(url, 'insert into t values (2)');
    await untilRow(primary!.url, `select 1 from pg_stat_activity where wait_event = 'SyncRep'`);
    await standby!.restart();
    await held;
    expect(await count(there)).toBe(2);

    await primary!.kill();
    await standby!.promote();
    await sql(there, 'insert into t values (3)');
    expect(await count(there)).toBe(3);
  });
});

const PROGRAM = `
  import { startPostgres } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
  const postgres = await startPostgres();
  const folder = (await postgres.snapshot()).replace(/.snapshot-1$/, '');
  if (process.argv[1] === 'pause') await postgres.pause();
  console.log(JSON.stringify({ folder, port: postgres.port }));
  setInterval(() => undefined, 1000);`;

describeWithPostgres('when the process that started it is killed', () => {
  test.each(['leave', 'pause'])('a server ends and leaves no folder (%s)', async how => {
    const args = ['--input-type=module', '-e', PROGRAM, how];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { folder, port } = JSON.parse(line) as { folder: string; port: number };
    expect(existsSync(folder)).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => existsSync(folder), { timeout: 50_000 }).toBe(false);
    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });
});
