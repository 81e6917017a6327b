import { connect } from 'node:net';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { describeWithPostgres } from '../postgres/describe.ts';
import { startPostgres, type Postgres } from '../postgres/postgres.ts';
import { sql } from '../postgres/sql.ts';
import type { StatementFault } from './postgres-wire.ts';
import { startProxy, type Proxy } from './proxy.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const INSERT = 'insert into t values ($1)';

let postgres: Postgres;
let proxy: Proxy;
let client: pg.Client;
let url: string;

async function reconnect(): Promise<void> {
  client = new pg.Client(proxy.url(url));
  client.on('error', () => undefined);
  await client.connect();
}

/** Resolves with the code of the error, or with `done`. */
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
const rows = async (): Promise<readonly unknown[]> =>
  (await sql(url, 'select n from t order by n')).map(row => row['n']);

/** The ways in which node-postgres says a statement. */
const WAYS: Readonly<Record<string, (n: number) => Promise<unknown>>> = {
  'a simple query': n => client.query(INSERT.replace('$1', n.toString())),
  'a statement with values': n => client.query(INSERT, [n]),
  'a statement with a name': n => client.query({ name: 'insert', text: INSERT, values: [n] }),
};
const ways = Object.entries(WAYS);

describeWithPostgres('through the proxy', () => {
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.close());
  beforeEach(async () => {
    url = await postgres.freshDatabase();
    await sql(url, 'create table t (n int primary key)');
    const target = { host: '127.0.0.1', port: postgres.port };
    proxy = await startProxy({ target, protocol: 'postgres' });
    await reconnect();
  });
  afterEach(async () => {
    await client.end();
    await proxy.close();
  });

  test.each(ways)('%s that is refused is not executed, and the next one is', async (_, say) => {
    const strikes = proxy.onStatement(/^insert/, { sqlstate: '40001', when: 'before' });
    expect(await codeOf(say(1))).toBe('40001');
    expect(await rows()).toEqual([]);
    await say(2);
    await say(3);
    expect(await rows()).toEqual([2, 3]);
    expect(strikes.count()).toBe(1);
  });

  test.each(ways)('%s whose answer is replaced was executed', async (_, say) => {
    proxy.onStatement(/^insert/, { sqlstate: '40003', when: 'after' });
    expect(await codeOf(say(1))).toBe('40003');
    expect(await rows()).toEqual([1]);
    await say(2);
    expect(await rows()).toEqual([1, 2]);
  });

  test.each(ways)('%s may be cut off before or after it is executed', async (_, say) => {
    proxy.onStatement(/^insert/, { cut: 'before' });
    expect(await codeOf(say(1))).toMatch(/ECONNRESET|terminated/);
    expect(await rows()).toEqual([]);
    await reconnect();
    proxy.onStatement(/^insert/, { cut: 'after' });
    expect(await codeOf(say(2))).toMatch(/ECONNRESET|terminated/);
    expect(await rows()).toEqual([2]);
  });

  test('a name that is known is struck when it is used again', async () => {
    const say = WAYS['a statement with a name']!;
    await say(1);
    proxy.onStatement(/^insert/, { sqlstate: '40001', when: 'before' });
    expect(await codeOf(say(2))).toBe('40001');
    proxy.onStatement(/^insert/, { sqlstate: '40003', when: 'after' });
    expect(await codeOf(say(3))).toBe('40003');
    await say(4);
    expect(await rows()).toEqual([1, 3, 4]);
  });

  test('a transaction is broken by a refusal until it is rolled back', async () => {
    proxy.onStatement(/^insert .*2/, { sqlstate: '40001', when: 'before' });
    await client.query('begin');
    await client.query('insert into t values (1)');
    expect(await codeOf(client.query('insert into t values (2)'))).toBe('40001');
    expect(await codeOf(client.query('select 1'))).toBe('25P02');
    await client.query('rollback');
    await client.query('insert into t values (3)');
    expect(await rows()).toEqual([3]);
  });

  test.each<[StatementFault, string, number[]]>([
    [{ sqlstate: '40001', when: 'before' }, '40001', []],
    [{ sqlstate: '40003', when: 'after' }, '40003', [1]],
    [{ cut: 'before' }, 'ECONNRESET', []],
    [{ cut: 'after' }, 'ECONNRESET', [1]],
  ])('a commit with %j', async (fault, code, left) => {
    proxy.onStatement(/^commit/, fault);
    await client.query('begin');
    await client.query(INSERT, [1]);
    expect(await codeOf(client.query('commit'))).toBe(code);
    // A cut before the commit reaches the server as the end of a session, a little later.
    await sql(url, 'begin', 'lock table t', 'commit');
    expect(await rows()).toEqual(left);
    if (code === 'ECONNRESET') return;
    // The session is out of its transaction, as after a commit that PostgreSQL itself refused.
    await client.query(INSERT, [2]);
    expect(await rows()).toEqual([...left, 2]);
  });

  test.each(['57P01', '53300'])('%s is an error like others, or ends the session', async code => {
    proxy.onStatement(/^insert/, { sqlstate: code, when: 'before' });
    expect(await codeOf(client.query(INSERT, [1]))).toBe(code);
    await client.query(INSERT, [2]);
    for (const when of ['before', 'after'] as const) {
      proxy.onStatement(/^insert/, { sqlstate: code, when, fatal: true });
      const ended = new Promise<void>(resolve => client.once('end', resolve));
      expect(await codeOf(client.query(INSERT, [when === 'before' ? 3 : 4]))).toBe(code);
      await ended;
      await reconnect();
    }
    expect(await rows()).toEqual([2, 4]);
  });

  test('an error that the server gives itself is not replaced', async () => {
    await client.query(INSERT, [1]);
    proxy.onStatement(/^insert/, { sqlstate: '40003', when: 'after' });
    expect(await codeOf(client.query(INSERT, [1]))).toBe('23505');
    await client.query(INSERT, [2]);
  });

  test('the next so many, or each by chance', async () => {
    const insert = (n: number): Promise<string> => codeOf(client.query(INSERT, [n]));
    proxy.onStatement(/^insert/, { sqlstate: '40001', when: 'before' }, { next: 2 });
    expect([await insert(1), await insert(2), await insert(3)]).toEqual(['40001', '40001', 'done']);
    const { count } = proxy.onStatement(
      /./,
      { sqlstate: 'XX000', when: 'before' },
      { chance: 0.5 },
    );
    const codes: string[] = [];
    for (let n = 10; n < 40; n += 1) codes.push(await insert(n));
    expect(new Set(codes)).toEqual(new Set(['done', 'XX000']));
    expect(codes.filter(code => code === 'XX000')).toHaveLength(count());
    await proxy.heal();
    expect(await insert(50)).toBe('done');
  });

  test('queries that do not wait for one another keep their order', async () => {
    const piped = new pg.Client({ connectionString: proxy.url(url), pipeline: true });
    await piped.connect();
    proxy.onStatement(/values \(2\)/, { sqlstate: '40001', when: 'before' });
    proxy.onStatement(/values \(4\)/, { sqlstate: '40003', when: 'after' });
    const all = [1, 2, 3, 4, 5].map(n => codeOf(piped.query(`insert into t values (${n})`)));
    expect(await Promise.all(all)).toEqual(['done', '40001', 'done', '40003', 'done']);
    expect(await rows()).toEqual([1, 3, 4, 5]);
    await piped.end();
  });

  test('large answers and statements in pieces pass whole', async () => {
    proxy.delay(1);
    const text = 'x'.repeat(3_000_000);
    const { rows: found } = await client.query<{ text: string }>(
      'select $1::text as text from generate_series(1, 3)',
      [text],
    );
    expect(found.map(row => row.text === text)).toEqual([true, true, true]);
  });

  test('encryption is declined, and nonsense ends the connection', async () => {
    const wanting = new pg.Client({ connectionString: proxy.url(url), ssl: true });
    await expect(wanting.connect()).rejects.toThrow('does not support SSL');
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write(Buffer.alloc(9, 0xff));
    await expect(once(socket, 'end')).rejects.toThrow('ECONNRESET');
  });

  test('no text but a SQLSTATE becomes part of a statement', () => {
    for (const sqlstate of ["x'; -", '4000', '00000']) {
      expect(() => proxy.onStatement(/./, { sqlstate, when: 'before' })).toThrow('sqlstate');
    }
  });
});
