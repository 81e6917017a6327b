import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startProxy, type Proxy, type ProxyOptions } from './proxy.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** What the server was told. */
let heard: string[] = [];
const open: (() => unknown)[] = [];
let [port, path, folder] = [0, '', ''];

/** Answers each text with itself in capitals. */
async function serverOn(where: { port: number; host: string } | string): Promise<number> {
  const server = createServer(socket => {
    socket.on('error', () => undefined);
    socket.on('data', bytes => {
      heard.push(bytes.toString());
      socket.write(bytes.toString().toUpperCase());
    });
  });
  server.listen(where);
  await once(server, 'listening');
  open.push(() => server.close());
  return typeof where === 'string' ? 0 : (server.address() as AddressInfo).port;
}

beforeEach(async () => {
  heard = [];
  folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  path = join(folder, 'socket');
  port = await serverOn({ port: 0, host: '127.0.0.1' });
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true });
});

async function proxyTo(options: Partial<ProxyOptions> = {}): Promise<Proxy> {
  const proxy = await startProxy({ target: { host: '127.0.0.1', port }, ...options });
  open.push(proxy.close);
  return proxy;
}

async function client({ port }: Proxy): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  open.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** What is answered; the code of the error that ends the connection; or `end`. */
function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return new Promise(resolve => {
    socket.once('data', bytes => resolve(bytes.toString()));
    socket.once('error', error => resolve((error as NodeJS.ErrnoException).code ?? ''));
    socket.once('end', () => resolve('end'));
  });
}

test('without faults everything passes, in order, to a port or to the path of a socket', async () => {
  await serverOn(path);
  for (const target of [{ host: '127.0.0.1', port }, { path }]) {
    const socket = await client(await proxyTo({ target }));
    expect(await ask(socket, 'one')).toBe('ONE');
    expect(await ask(socket, 'two')).toBe('TWO');
    const whole = 'x'.repeat(20_000_000);
    let got = 0;
    socket.on('data', bytes => (got += bytes.length));
    socket.end(whole);
    await once(socket, 'end');
    expect(got).toBe(whole.length);
  }
});

test('a URL of the target leads through the proxy', async () => {
  const proxy = await proxyTo();
  const through = `127.0.0.1:${proxy.port}`;
  expect(proxy.url('http://localhost:1/a?b=c')).toBe(`http://${through}/a?b=c`);
  expect(proxy.url('postgresql://u:p@localhost:5432/d')).toBe(`postgresql://u:p@${through}/d`);
});

test('a delay is waited for on the way there and on the way back, by all bytes at once', async () => {
  const proxy = await proxyTo();
  const socket = await client(proxy);
  const letters = 'abcdefghij'.split('');
  let got = '';
  socket.on('data', bytes => (got += bytes.toString()));
  proxy.delay(600);
  const start = performance.now();
  for (const letter of letters) await new Promise(resolve => socket.write(letter, resolve));
  await once(socket, 'data');
  expect(performance.now() - start).toBeGreaterThanOrEqual(1_200);
  while (got.length < letters.length) await once(socket, 'data');
  expect(got).toBe('ABCDEFGHIJ');
  // One after the other they would take six seconds.
  expect(performance.now() - start).toBeLessThan(5_000);
});

test('a cut resets every connection, on both sides, and new ones are taken', async () => {
  const proxy = await proxyTo();
  const sockets = [await client(proxy), await client(proxy)];
  const answers = sockets.map(socket => ask(socket, 'one'));
  expect(await Promise.all(answers)).toEqual(['ONE', 'ONE']);
  const ends = sockets.map(socket => ask(socket, ''));
  proxy.cut();
  expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET']);
  await expect.poll(proxy.connections, { timeout: 20_000 }).toBe(0);
  expect(await ask(await client(proxy), 'two')).toBe('TWO');
});

test('a server that is away resets who comes through the proxy', async () => {
  const proxy = await proxyTo({ target: { path: `${path}-away` } });
  expect(await ask(await client(proxy), 'one')).toBe('ECONNRESET');
});

test('who is refused is refused by the system, until all is healed', async () => {
  const proxy = await proxyTo();
  const before = await client(proxy);
  proxy.refuse();
  await expect(client(proxy)).rejects.toThrow('ECONNREFUSED');
  expect(await ask(before, 'one')).toBe('ONE');
  await proxy.heal();
  expect(await ask(await client(proxy), 'two')).toBe('TWO');
});

test('a black hole takes connections and bytes, and gives them back, late, when it ends', async () => {
  const proxy = await proxyTo();
  const before = await client(proxy);
  expect(await ask(before, 'one')).toBe('ONE');
  proxy.blackhole();
  const answers = [ask(before, 'two'), ask(await client(proxy), 'three')];
  const gone = await client(proxy);
  gone.end('four');
  // That nothing comes can only be waited for.
  const nothing = new Promise(resolve => setTimeout(resolve, 300, 'nothing'));
  expect(await Promise.race([...answers, nothing])).toBe('nothing');
  expect(heard).toEqual(['one']);
  await proxy.heal();
  expect(await Promise.all(answers)).toEqual(['TWO', 'THREE']);
  const all = ['four', 'one', 'three', 'two'];
  await expect.poll(() => [...heard].sort(), { timeout: 20_000 }).toEqual(all);
});

test('a reply that is swallowed was given, and its connection is reset', async () => {
  const proxy = await proxyTo();
  const sockets = [await client(proxy), await client(proxy), await client(proxy)];
  expect(await ask(sockets[0]!, 'one')).toBe('ONE');
  const strikes = proxy.swallowReply({ next: 2 });
  expect(await ask(sockets[0]!, 'two')).toBe('ECONNRESET');
  expect(await ask(sockets[1]!, 'three')).toBe('ECONNRESET');
  expect(await ask(sockets[2]!, 'four')).toBe('FOUR');
  expect(heard).toEqual(['one', 'two', 'three', 'four']);
  expect(strikes.count()).toBe(2);
});

test('what is left to chance is the same for the same seed, and ends when it is told to', async () => {
  const draws = async (seed: number): Promise<string> => {
    const proxy = await proxyTo({ seed });
    const strikes = proxy.swallowReply({ chance: 0.5 });
    let drawn = '';
    while (drawn.length < 24) {
      drawn += (await ask(await client(proxy), 'a')) === 'A' ? 'A' : '-';
    }
    strikes.end();
    expect(await ask(await client(proxy), 'a')).toBe('A');
    expect(strikes.count()).toBe(drawn.replaceAll('A', '').length);
    return drawn;
  };
  const first = await draws(7);
  expect(first).toMatch(/A.*-|-.*A/);
  expect(await draws(7)).toBe(first);
  expect(await draws(8)).not.toBe(first);
});
