import type { ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { NodeMessage } from './index.ts';
import { answering, serve, silent, type Answer } from './fixtures/node.ts';
import { endAll, follow, followUrl, HEAD, isOf, NEVER, ours } from './fixtures/pool.ts';
import { recorder } from './fixtures/recorder.ts';

afterEach(endAll);

describe('rubbish', () => {
  const rubbish: readonly (readonly [string, string, Answer])[] = [
    ['half a line at the end', 'half_line', response => response.end(`${HEAD}\n{"hash":"BM2`)],
    ['a line that is no JSON', 'bad_line', response => response.write('<html>\n')],
    ['JSON of another kind', 'bad_line', response => response.write('["BM2"]\n')],
    ['no UTF-8', 'bad_line', response => response.write(Buffer.from('7b22ff223a317d0a', 'hex'))],
    ['a line without end', 'line_too_long', endless],
  ];

  test.each(rubbish)('%s is a fault, and the stream is torn down', async (_what, code, answer) => {
    const asked = recorder<ServerResponse>();
    const { messages } = await follow(
      {
        heads: (response, request, body) => {
          if (asked.all.length === 0) answer(response, request, body);
          else silent(response, request, body);
          asked.add(response);
        },
      },
      { lineBytesMax: 10_000 },
    );
    const fault = await messages.first(isOf('fault'));
    expect(fault).toMatchObject({ stream: 'heads', code });
    expect(await messages.first(isOf('stream-closed'))).toMatchObject({
      stream: 'heads',
      reason: 'rubbish',
    });
    await asked.count(2);
    if (!asked.all[0]!.closed) await new Promise(resolve => asked.all[0]!.once('close', resolve));
  });

  test('good lines before rubbish are told first', async () => {
    const { messages } = await follow({ heads: response => response.write(`${HEAD}\nno\n`) });
    await messages.first(isOf('stream-closed', 'heads'));
    const kinds = messages.all
      .filter(message => message.kind === 'head' || isOf(message.kind, 'heads')(message))
      .map(({ kind }) => kind);
    expect(kinds.slice(0, 5)).toEqual([
      ...['stream-opening', 'stream-open', 'head', 'fault', 'stream-closed'],
    ]);
  });

  test('a connection that breaks within a line is a half line too', async () => {
    const { messages } = await follow({
      operations: response => {
        response.write('[]\n[{"hash":', () => response.socket?.destroy());
      },
    });
    expect(await messages.first(isOf('fault'))).toMatchObject({ code: 'half_line' });
    expect(await messages.first(isOf('stream-closed'))).toMatchObject({ reason: 'lost' });
  });
});

function endless(response: ServerResponse): void {
  while (!response.destroyed && response.write('x'.repeat(5_000)));
  if (!response.destroyed) response.once('drain', () => endless(response));
}

describe('a node that does not answer as it should', () => {
  test('an ACL that refuses a stream is named once and asked again rarely', async () => {
    let refusals = 0;
    const overloaded = recorder<number>();
    const { messages, pool } = await follow(
      {
        heads: response => {
          refusals += 1;
          response.writeHead(401).end();
        },
        operations: response => {
          overloaded.add(0);
          response.writeHead(503).end();
        },
      },
      { retryMsMax: 10, backoffMsMax: 10 },
    );
    await overloaded.count(5);
    pool.restart('edge', 'heads');
    await overloaded.count(10);
    expect(refusals).toBe(1);
    expect(messages.all.filter(isOf('fault', 'heads'))).toMatchObject([
      { code: 'refused', status: 401, message: 'status 401' },
    ]);
    expect(messages.all.find(isOf('fault', 'operations'))).toMatchObject({
      code: 'bad_status',
      status: 503,
    });
    expect(await pool.inject('00').firstAccepted).toMatchObject({ node: 'edge' });
  });

  test('a port where nobody listens is unreachable, until a node comes back there', async () => {
    const { node, messages } = await follow({}, { retryMsMax: 10, backoffMsMax: 20 });
    await messages.first(isOf('stream-open', 'heads'));
    await node.stop();
    expect(await messages.first(isOf('stream-closed', 'heads'))).toMatchObject({ reason: 'lost' });
    expect(await messages.first(isOf('fault', 'heads'))).toMatchObject({ code: 'unreachable' });
    const before = messages.all.length;
    ours.node(await serve(answering({}), node.port));
    const isAgain = (message: NodeMessage): boolean => messages.all.indexOf(message) >= before;
    for (const stream of ['heads', 'operations', 'validated_blocks'] as const) {
      await messages.first(one => isOf('stream-open', stream)(one) && isAgain(one));
    }
  });

  test('one that never sends headers is given up after a while', async () => {
    const asked = recorder<number>();
    const { messages } = await follow(
      { heads: () => asked.add(0) },
      { headersTimeoutMs: 30, retryMsMax: 10 },
    );
    expect(await messages.first(isOf('fault'))).toMatchObject({
      stream: 'heads',
      code: 'timeout',
      message: 'no headers within 30 ms',
    });
    await asked.count(2);
  });

  test('one with which no connection comes to stand is given up, and holds up nobody’s end', async () => {
    const { url, standing, stop } = await speechless();
    const { pool, messages } = followUrl(url, { ...NEVER, connectTimeoutMs: 400 });
    const read = expect(pool.read('edge', '/version')).rejects.toMatchObject({
      code: 'unreachable',
    });
    const { receipts } = pool.inject('00');
    expect(await messages.first(isOf('fault'))).toMatchObject({
      code: 'timeout',
      message: 'no connection within 400 ms',
    });
    pool.restart('edge', 'heads');
    const startedAt = performance.now();
    await pool.close();
    expect(performance.now() - startedAt).toBeLessThan(200);
    await read;
    expect(await receipts).toMatchObject([{ ok: false }]);
    await stop();
    expect(standing()).toBe(0);
  });

  test('what waits for such a connection makes room for what is newer, and when its time is over', async () => {
    const { url, stop } = await speechless();
    const limits = { injectConnectionsMax: 1, injectQueuedMax: 1, injectTimeoutMs: 100 };
    const { pool } = followUrl(url, { ...NEVER, ...limits, connectTimeoutMs: 60_000 });
    expect(await pool.inject('01').receipts).toMatchObject([{ class: 'timeout' }]);
    const [two, three] = [pool.inject('02'), pool.inject('03')];
    expect(await two.receipts).toMatchObject([{ class: 'busy' }]);
    expect(await three.receipts).toMatchObject([{ class: 'timeout' }]);
    await pool.close();
    await stop();
  });
});

/** A server that accepts connections and never says a word of TLS. */
async function speechless(): Promise<{
  readonly url: string;
  readonly standing: () => number;
  readonly stop: () => Promise<unknown>;
}> {
  const tcp = createTcpServer();
  let standing = 0;
  tcp.on('connection', socket => {
    standing += 1;
    socket.on('error', () => undefined);
    socket.once('close', () => (standing -= 1));
    socket.resume();
  });
  await new Promise<void>(resolve => tcp.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(tcp.address() as AddressInfo).port.toString()}`;
  const stop = (): Promise<unknown> => new Promise(resolve => tcp.close(resolve));
  return { url, standing: () => standing, stop };
}
