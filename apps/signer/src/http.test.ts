import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { ok } from '@meridian/prelude';
import { toHex, type Signature } from '@meridian/tezos';
import type { AnswerParts } from './answer.ts';
import { ANSWERS, attestation, BAKER, countedKeystore } from './fixtures.ts';
import { signerHttp } from './http.ts';
import { HTTP_LIMITS, signerServer, type HttpLimits } from './http-server.ts';

const KIB = 1024;
const SIGNED = 'edsig' as Signature;
const BODY = JSON.stringify(toHex(attestation(10)));
const PATH = `/keys/${BAKER.pkh}`;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
});

/** The signer's server, without marks; `sockets` are its ends of the connections. */
async function serve(limits: Partial<HttpLimits> = {}, given: Partial<AnswerParts> = {}) {
  let signed = 0;
  const app = signerHttp({
    ...ANSWERS,
    keystore: countedKeystore().keystore,
    sign: () => {
      signed += 1;
      return Promise.resolve(ok({ signature: SIGNED }));
    },
    ...given,
  });
  const server = signerServer(app, { ...HTTP_LIMITS, ...limits });
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, sockets, signed: () => signed };
}

/** A connection that is spoken on in bytes. `ended` is all that came, once the other side closed. */
async function raw(port: number) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.on('data', chunk => (text += chunk.toString('latin1')));
  // The other side may close while bytes are under way to it.
  socket.on('error', () => undefined);
  const ended = new Promise<string>(resolve => {
    socket.once('end', () => resolve(text));
    socket.once('close', () => resolve(text));
  });
  await once(socket, 'connect');
  const received = async (part: string) => {
    while (!text.includes(part)) await once(socket, 'data');
    return text;
  };
  return { socket, ended, received };
}

const head = (...lines: string[]) =>
  [`POST ${PATH} HTTP/1.1`, 'host: signer', ...lines, '', ''].join('\r\n');
const chunkOf = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Sends `bytes` and many more, as fast as they are taken, until nobody takes them any more. */
async function pour({ socket }: Awaited<ReturnType<typeof raw>>, bytes: string, times: number) {
  for (let sent = 0; sent < times && !socket.destroyed; sent++) {
    if (socket.write(bytes)) continue;
    await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  }
}

describe('a body', () => {
  test('in chunks, without a length, is read as octez-client sends it', async () => {
    const { port } = await serve();
    const client = await raw(port);
    const headers = ['content-type: application/json', 'transfer-encoding: chunked'];
    const accept = 'application/json;q=1,application/bson;q=0.100,application/octet-stream;q=0.200';
    client.socket.write(head(...headers, `accept: ${accept}`, 'user-agent: ocaml-cohttp/'));
    const [start, middle, end] = [BODY.slice(0, 1), BODY.slice(1, 50), BODY.slice(50)];
    for (const part of [start, middle, end]) client.socket.write(chunkOf(part));
    client.socket.write('0\r\n\r\n');
    const answer = await client.received('\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/content-type: application\/json\r\n/);
    client.socket.destroy();
  });

  test('that was announced is waited for', async () => {
    const { port } = await serve();
    const client = await raw(port);
    client.socket.write(head('expect: 100-continue', `content-length: ${BODY.length.toString()}`));
    await client.received('100 Continue');
    client.socket.write(BODY);
    expect(await client.received(SIGNED)).toContain('HTTP/1.1 200');
    client.socket.destroy();
  });

  test.each([
    ['of a length that was told', 'content-length: 10485760', (text: string) => text],
    ['in chunks', 'transfer-encoding: chunked', chunkOf],
  ])(
    'of 10 MiB %s is 413, never read to its end, and ends the connection',
    async (_how, how, part) => {
      const { port, sockets, signed } = await serve();
      const client = await raw(port);
      client.socket.write(head('content-type: application/json', how));
      const poured = pour(client, part('0'.repeat(64 * KIB)), 160);
      const answer = await client.ended;
      client.socket.destroy();
      await poured;
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain('meridian.body_too_large');
      expect(answer.toLowerCase()).toContain('connection: close');
      expect(sockets[0]?.bytesRead).toBeLessThan(KIB * KIB);
      expect(signed()).toBe(0);
    },
  );

  test('that is cut off asks for nothing', async () => {
    const { port, sockets, signed } = await serve();
    const client = await raw(port);
    client.socket.write(head(`content-length: ${BODY.length.toString()}`) + BODY.slice(1));
    client.socket.end();
    await client.ended;
    client.socket.destroy();
    await expect.poll(() => sockets[0]?.destroyed).toBe(true);
    expect(signed()).toBe(0);
  });
});

describe('a connection', () => {
  test('serves one request after the other', async () => {
    const { port, sockets } = await serve();
    const client = await raw(port);
    const request = head(`content-length: ${BODY.length.toString()}`) + BODY;
    client.socket.write(request);
    await client.received(SIGNED);
    client.socket.write(request + request);
    await expect.poll(async () => (await client.received('')).split(SIGNED).length).toBe(4);
    expect(sockets).toHaveLength(1);
    client.socket.destroy();
  });

  test.each([
    ['no HTTP at all', 'rubbish\r\n\r\n', 400, 'malformed_request'],
    ['headers without end', head(`x-long: ${'x'.repeat(9 * KIB)}`), 431, 'headers_too_large'],
    ['headers that stop', 'GET / HTTP/1.1\r\nhost: sig', 408, 'request_too_slow'],
    ['a body that stops', head('content-length: 10') + '"', 408, 'request_too_slow'],
    ['a length that is none', head('content-length: ten'), 400, 'malformed_request'],
  ])('with %s is answered as the rest and closed', async (_what, bytes, status, code) => {
    // Short ones only where they are meant, so that a busy machine finds the right fault.
    const short = { headersTimeoutMs: 100, requestTimeoutMs: 200, checkEveryMs: 20 };
    const { port } = await serve(status === 408 ? short : {});
    const client = await raw(port);
    client.socket.write(bytes);
    const answer = await client.ended;
    client.socket.destroy();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status.toString()} `));
    const trace: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    expect(trace).toMatchObject([{ id: 'failure' }, { id: `meridian.${code}` }]);
  });

  test('beyond the last one is closed, and another one is served when one is gone', async () => {
    const { port } = await serve({ connectionsMax: 1 });
    const first = await raw(port);
    first.socket.write(head(`content-length: ${BODY.length.toString()}`) + BODY);
    await first.received(SIGNED);
    const second = await raw(port);
    expect(await second.ended).toBe('');
    first.socket.destroy();
    second.socket.destroy();
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${port.toString()}/authorized_keys`)).status)
      .toBe(200);
  });

  test('has limits where nobody says others', async () => {
    const server = signerServer(() => undefined);
    expect(server.headersTimeout).toBe(HTTP_LIMITS.headersTimeoutMs);
    expect(server.requestTimeout).toBe(HTTP_LIMITS.requestTimeoutMs);
    expect(server.keepAliveTimeout).toBe(HTTP_LIMITS.keepAliveTimeoutMs);
    expect(server.maxConnections).toBe(HTTP_LIMITS.connectionsMax);
    await Promise.resolve(server.close());
  });
});

test('HEAD is answered nowhere, as by octez-signer', async () => {
  const { port } = await serve();
  const url = `http://127.0.0.1:${port.toString()}/authorized_keys`;
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(501);
});

test.each(['PUT', 'DELETE', 'PATCH'])(
  '%s of a key is 405 and told what is allowed',
  async method => {
    const { port } = await serve();
    const response = await fetch(`http://127.0.0.1:${port.toString()}${PATH}`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
  },
);
