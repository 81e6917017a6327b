import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { link } from './link.ts';
import { plainWire } from './wire.ts';

const open: (() => unknown)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function connected(): Promise<Socket> {
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => undefined);
    open.push(() => socket.destroy());
  });
  open.push(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

test('a connection whose end is on its way is closed by a cut like any other', async () => {
  const [client, server] = [await connected(), await connected()];
  const weather = { delayMs: 0, blackhole: undefined };
  const joined = link(client, server, weather, ends => plainWire(ends, () => false));
  server.write('the last words');
  server.end();
  joined.cut();
  await joined.closed;
  expect([client.destroyed, server.destroyed]).toEqual([true, true]);
});
