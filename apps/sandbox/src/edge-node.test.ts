import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { toHex } from '@meridian/tezos';
import { closeAll, HASH, HEADS, setUp } from './edge-node-fixture.ts';
import { ask, json, listenTo } from './http-fixture.ts';

afterEach(closeAll);

describe('a node that is well', () => {
  test('answers, with the headers of a real node and no others', async () => {
    const { chain, node } = await setUp();
    const got = await ask(`${node.url}${HASH}`);
    expect(got.status).toBe(200);
    expect(got.body).toBe(`"${chain.head().hash}"\n`);
    expect(got.headers).toEqual({ 'content-type': 'application/json', 'content-length': '54' });
  });

  test('keeps a connection after an answer with a length and closes it after one in chunks', async () => {
    const { node } = await setUp();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<Socket>();
    const get = (path: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const sent = request(`${node.url}${path}`, { agent }, response => {
          sockets.add(response.socket);
          response.resume().on('end', resolve);
        });
        sent.on('error', reject).end();
      });
    await get(HASH);
    await get(HASH);
    expect(sockets.size).toBe(1);
    await get('/chains/main/blocks/head/helpers/validators');
    const [socket] = sockets;
    if (socket?.destroyed === false) await new Promise(closed => socket.once('close', closed));
    await get(HASH);
    expect(sockets.size).toBe(2);
    agent.destroy();
  });

  test('streams each head in a line of its own', async () => {
    const { chain, node, grow } = await setUp();
    const heads = await listenTo(`${node.url}${HEADS}`);
    await heads.until(text => text.endsWith('\n'));
    grow();
    const text = await heads.until(all => all.split('\n').length === 3);
    const levels = text.trim().split('\n');
    expect(levels.map(line => (JSON.parse(line) as { level: number }).level)).toEqual([2, 3]);
    expect(text).toContain(chain.head().hash);
    heads.stop();
  });

  test('takes an operation and shows it to who listens; the stream ends at the next head', async () => {
    const { chain, node, grow } = await setUp();
    const operations = await listenTo(`${node.url}/chains/main/mempool/monitor_operations`);
    const vote = chain.unsentVote();
    const body = JSON.stringify(toHex(vote.bytes));
    expect(await json(`${node.url}/injection/operation`, 'POST', body)).toBe(vote.hash);
    const text = await operations.until(all => all.split('\n').length === 3);
    expect(text).toContain(`[]\n[{"hash":"${vote.hash}"`);
    grow();
    expect(await operations.over).toBe('end');
  });

  test('says why it refuses an operation, and nothing of it with async', async () => {
    const { chain, node, grow } = await setUp();
    const body = JSON.stringify(toHex(chain.unsentVote().bytes));
    grow();
    const refused = await ask(`${node.url}/injection/operation`, 'POST', body);
    expect(refused).toMatchObject({ status: 500 });
    expect(refused.body).toContain('async_injection_failed');
    expect(await ask(`${node.url}/injection/operation?async=true`, 'POST', body)).toMatchObject({
      status: 200,
    });
  });

  test('refuses a body that is too large', async () => {
    const { node } = await setUp();
    const body = JSON.stringify('00'.repeat(200_000));
    await expect(ask(`${node.url}/injection/operation`, 'POST', body)).resolves.toMatchObject({
      status: 413,
    });
  });
});
