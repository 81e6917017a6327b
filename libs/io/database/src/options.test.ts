import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolConfig, type DatabaseOptions } from './options.ts';

const URL_OF_HERE = 'postgresql://signer:s3cret@127.0.0.1:26257/meridian';
const config = (options: Partial<DatabaseOptions>) =>
  poolConfig({ url: URL_OF_HERE, applicationName: 'a', ...options });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'options-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a URL is taken apart, and what stands for a special sign is read', () => {
  const url = 'postgresql://a%40b:p%2Fw@db.example:5433/water%20mark';
  expect(config({ url })).toMatchObject({
    ...{ host: 'db.example', port: 5433 },
    ...{ user: 'a@b', password: 'p/w', database: 'water mark' },
  });
});

test('the session is asked for what is asserted later', () => {
  const timeouts = { statementMs: 1, lockMs: 2, idleInTransactionMs: 3, connectMs: 4 };
  expect(config({ isolation: 'read committed', timeouts })).toMatchObject({
    options: String.raw`-c default_transaction_isolation=read\ committed`,
    statement_timeout: 1,
    lock_timeout: 2,
    idle_in_transaction_session_timeout: 3,
    connectionTimeoutMillis: 4,
  });
  expect(config({}).options).toBe('-c default_transaction_isolation=serializable');
});

test('a server elsewhere proves who it is unless that is ruled out, and one on this machine need not', () => {
  const elsewhere = 'postgresql://signer@db.example/meridian';
  const verified = { rejectUnauthorized: true, host: 'db.example' };
  expect(config({}).ssl).toBe(false);
  expect(config({ url: elsewhere }).ssl).toMatchObject(verified);
  expect(config({ url: `${elsewhere}?sslmode=verify-full` }).ssl).toMatchObject(verified);
  expect(config({ url: `${elsewhere}?sslmode=disable` }).ssl).toBe(false);
});

test('certificates and key are read from their files', () => {
  const tls = { ca: join(folder, 'ca'), cert: join(folder, 'cert'), key: join(folder, 'key') };
  for (const [name, file] of Object.entries(tls)) writeFileSync(file, `the ${name}`);
  const { ssl } = config({ tls });
  expect(ssl).toMatchObject({ ca: 'the ca', cert: 'the cert', key: 'the key' });
  expect(ssl).toMatchObject({ rejectUnauthorized: true, host: '127.0.0.1' });
});

test.each<[string, Partial<DatabaseOptions>, RegExp]>([
  ['no URL', { url: 's3cret' }, /^.*: url is no/],
  ['another protocol', { url: 'http://u:s3cret@h/d' }, /: url is no/],
  ['two hosts', { url: 'postgresql://u:s3cret@a:1,b:2/d' }, /: url is no/],
  ['no user', { url: 'postgresql://s3cret/d' }, /: url names no user/],
  ['no database', { url: 'postgresql://u:s3cret@h/' }, /: url names no/],
  ['a % that stands for nothing', { url: 'postgresql://u:s3cret%@h/d' }, /: url has a %/],
  ['a parameter', { url: 'postgresql://u:s3cret@h/d?ssl=no' }, /: url takes no parameter/],
  ['a weak mode', { url: 'postgresql://u:s3cret@h/d?sslmode=require' }, /: sslmode is/],
  ['TLS that is not used', { url: `${URL_OF_HERE}?sslmode=disable`, tls: {} }, /: tls is of no/],
  ['a file that is not there', { tls: { ca: '/nowhere/s3' } }, /: tls.ca cannot be read \(ENOENT/],
  ['no connection', { connectionsMax: 0 }, /: connectionsMax is/],
  ['a timeout without end', { timeouts: { statementMs: 0 } }, /: timeouts.statementMs is/],
])('%s is refused by name, and no secret is told', (_what, options, message) => {
  const open = () => config(options);
  expect(open).toThrow(message);
  expect(open).toThrow(expect.objectContaining({ code: 'bad_options' }) as Error);
  expect(open).not.toThrow(/s3cret/);
});
