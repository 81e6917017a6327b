import { request as httpRequest } from 'node:http';
import { createConnection, createServer } from 'node:net';
import { lstatSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askDaemon } from './client.ts';
import { evidence, openOffice, type Office } from './fixtures.ts';
import { adminHttp, serveAdmin, type AdminSocket } from './server.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

let office: Office;
let socket: AdminSocket;
let path: string;
const mistakes: unknown[] = [];
const app = (): ReturnType<typeof adminHttp> =>
  adminHttp(office.desk, error => mistakes.push(error));

beforeEach(async () => {
  office = openOffice();
  mistakes.length = 0;
  path = join(office.folder, 'admin.sock');
  socket = await serveAdmin(app(), path);
});
afterEach(async () => {
  await socket.close();
  await office.close();
});

type Raw = { readonly status: number; readonly text: string };

/** A request as it stands. */
function raw(method: string, target: string, body = '', headers: object = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { socketPath: path, method, path: target, headers: { ...headers } },
      response => {
        let text = '';
        response.on('data', chunk => (text += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

test('the socket is for its owner alone, and is gone when it is closed', async () => {
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await socket.close();
  expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test('an action is done over the socket, with the statuses of the table', async () => {
  const made = await askDaemon(path, 'init', { evidence: evidence() });
  expect(made).toMatchObject({ status: 200, json: { keys: [{ rows: [{}, {}, {}] }] } });
  const again = await askDaemon(path, 'init', { evidence: evidence() });
  expect(again).toMatchObject({
    status: 409,
    json: { keys: [{ refused: { code: 'already_provisioned' } }] },
  });
  const wrong = await askDaemon(path, 'raise', { floor: { level: 'x' } });
  expect(wrong).toMatchObject({ status: 400, json: { code: 'malformed', field: 'floor.level' } });
  const unknown = await askDaemon(path, 'nothing', {});
  expect(unknown).toMatchObject({ status: 404, json: { code: 'unknown_action' } });
  await office.store().close();
  expect(await askDaemon(path, 'show', {})).toMatchObject({
    status: 503,
    json: { code: 'store_unavailable' },
  });
  expect(mistakes).toEqual([]);
});

test.each<[string, string, string, string, object, number]>([
  ['no JSON', 'POST', '/watermark/show', '{', {}, 400],
  ['a text', 'POST', '/watermark/show', '"x"', {}, 400],
  ['a list', 'POST', '/watermark/show', '[]', {}, 400],
  ['compressed', 'POST', '/watermark/show', 'x', { 'content-encoding': 'gzip' }, 400],
  ['another method', 'GET', '/watermark/show', '', {}, 404],
  ['another path', 'POST', '/keys', '{}', {}, 404],
  ['a path that steps up', 'POST', '/watermark/..%2fshow', '{}', {}, 404],
  ['a path that is none', 'POST', '/watermark/%ff', '{}', {}, 400],
])(
  'a request with %s is answered with a code',
  async (_what, method, target, body, headers, status) => {
    const answer = await raw(method, target, body, headers);
    expect(answer.status).toBe(status);
    expect(Object.keys(JSON.parse(answer.text) as object)).toEqual(
      expect.arrayContaining(['code', 'message']),
    );
    expect((await askDaemon(path, 'show', {})).status).toBe(200);
  },
);

test('a body that is too long is refused', async () => {
  const long = `{"chain":"${'x'.repeat(41 * 1024 * 1024)}"}`;
  // The rest is not read, so that the connection may break before the answer.
  const answer = await raw('POST', '/watermark/show', long).catch(() => ({
    status: 413,
    text: '',
  }));
  expect([400, 413]).toContain(answer.status);
  expect((await askDaemon(path, 'show', {})).status).toBe(200);
});

test('a mistake of ours is told to the log, and not to the asker', async () => {
  const desk = {
    ...office.desk,
    keys: () => {
      throw new Error('secret of the house');
    },
  };
  const other = join(office.folder, 'other.sock');
  const broken = await serveAdmin(
    adminHttp(desk, error => mistakes.push(error)),
    other,
  );
  const { status, json } = await askDaemon(other, 'show', {});
  await broken.close();
  expect(status).toBe(500);
  expect(json).toMatchObject({ code: 'mistake' });
  expect(JSON.stringify(json)).not.toContain('secret');
  expect(mistakes).toHaveLength(1);
});

test('a socket that a killed process left is taken away, one that is listened on stays', async () => {
  await expect(serveAdmin(app(), path)).rejects.toThrow('another process listens');
  const left = join(office.folder, 'left.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  expect(lstatSync(left).isSocket()).toBe(true);
  const taken = await serveAdmin(app(), left);
  expect((await askDaemon(left, 'show', {})).status).toBe(200);
  await taken.close();
});

test('a file or a link at the place of the socket stays', async () => {
  const file = join(office.folder, 'file');
  writeFileSync(file, 'keep');
  const link = join(office.folder, 'link');
  symlinkSync(path, link);
  for (const place of [file, link])
    await expect(serveAdmin(app(), place)).rejects.toThrow('is no socket');
});

test('a place in a folder that is not there is named', async () => {
  const place = join(office.folder, 'none', 'admin.sock');
  await expect(serveAdmin(app(), place)).rejects.toThrow(`${place}: there is no folder`);
});

test('somebody who says nothing does not keep the signer from closing', async () => {
  const silent = createConnection(path);
  await new Promise(resolve => silent.once('connect', resolve));
  silent.on('error', () => undefined);
  await socket.close();
});

test('who gets no answer says why', async () => {
  await expect(askDaemon(join(office.folder, 'none'), 'show', {})).rejects.toThrow('no socket');
  const odd = join(office.folder, 'odd.sock');
  const server = createServer(one => one.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]'));
  await new Promise<void>(resolve => server.listen(odd, resolve));
  await expect(askDaemon(odd, 'show', {})).rejects.toThrow('no JSON object');
  server.close();
});
