import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { instant } from '@meridian/prelude';
import { toHex } from '@meridian/tezos';
import { blockHeader, blockSignBytes, decode, encode } from '@meridian/tezos/forge';
import { proofOfWorkStamp } from '@meridian/tezos/hash';
import { handChain, type HandChain } from '@meridian/sandbox-chain/hand';
import { startEdgeNode, type EdgeNode } from './edge-node.ts';
import { FAULTS, type Fault } from './faults.ts';
import { ask, json, listenTo } from './http-fixture.ts';

const started: EdgeNode[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map(node => node.close()));
});

type Setup = {
  readonly chain: HandChain;
  readonly node: EdgeNode;
  /** A block more, which the node hears of. */
  readonly grow: () => void;
};

/** A node on a chain of two blocks; it is slow by a little, and cuts often. */
async function setUp(): Promise<Setup> {
  const chain = handChain();
  chain.grow();
  chain.grow();
  const node = await startEdgeNode(chain, {
    name: 'node1',
    port: 0,
    now: () => instant(0),
    injected: () => {
      node.deliver(chain.advanceTo(instant(0)));
    },
    slowMs: 150,
    cutEveryMs: 20,
  });
  started.push(node);
  const grow = (): void => {
    node.deliver(chain.grow());
  };
  return { chain, node, grow };
}

const HASH = '/chains/main/blocks/head/hash';
const HEADS = '/monitor/heads/main';

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

describe('a node with a fault', () => {
  const recovers = async ({ chain, node }: Setup): Promise<void> => {
    await node.suffer('ok');
    expect(await json(`${node.url}${HASH}`)).toBe(chain.head().hash);
  };

  test('refuse: nobody listens, and streams are cut', async () => {
    const setup = await setUp();
    const heads = await listenTo(`${setup.node.url}${HEADS}`);
    await setup.node.suffer('refuse');
    expect(await heads.over).toBe('cut');
    await expect(ask(`${setup.node.url}${HASH}`)).rejects.toThrow(/ECONNREFUSED/);
    await recovers(setup);
  });

  test('blackhole: a stream falls silent, a question hangs until the node is well', async () => {
    const setup = await setUp();
    const heads = await listenTo(`${setup.node.url}${HEADS}`);
    const before = await heads.until(text => text.endsWith('\n'));
    await setup.node.suffer('blackhole');
    const arrived = requestArrives();
    const question = ask(`${setup.node.url}${HASH}`).catch(() => 'cut');
    await arrived;
    setup.grow();
    await setup.node.suffer('ok');
    expect(await question).toBe('cut');
    expect(await heads.over).toBe('cut');
    expect(heads.text()).toBe(before);
    await recovers(setup);
  });

  test('stale: it stays where it was and learns the head when it is well', async () => {
    const setup = await setUp();
    const { chain, node, grow } = setup;
    const old = chain.head().hash;
    const heads = await listenTo(`${node.url}${HEADS}`);
    await heads.until(text => text.includes(old));
    await node.suffer('stale');
    grow();
    expect(await json(`${node.url}${HASH}`)).toBe(old);
    await node.suffer('ok');
    expect(await heads.until(text => text.includes(chain.head().hash))).toContain(old);
    await recovers(setup);
  });

  test('slow: answers and items come late, in their order', async () => {
    const setup = await setUp();
    const { chain, node, grow } = setup;
    const heads = await listenTo(`${node.url}${HEADS}`);
    await heads.until(text => text.endsWith('\n'));
    await node.suffer('slow');
    const start = performance.now();
    grow();
    grow();
    const [text] = await Promise.all([
      heads.until(all => all.includes(chain.head().hash)),
      ask(`${node.url}${HASH}`),
    ]);
    expect(performance.now() - start).toBeGreaterThanOrEqual(149);
    const lines = text.trim().split('\n');
    expect(lines.map(line => (JSON.parse(line) as { level: number }).level)).toEqual([2, 3, 4]);
    heads.stop();
    await recovers(setup);
  });

  test('cut: streams break in the middle of a line', async () => {
    const setup = await setUp();
    const heads = await listenTo(`${setup.node.url}${HEADS}`);
    await heads.until(text => text.endsWith('\n'));
    await setup.node.suffer('cut');
    expect(await heads.over).toBe('cut');
    const [line, half] = heads.text().split('\n');
    expect(half).not.toBe('');
    expect(line?.startsWith(half ?? '')).toBe(true);
    await recovers(setup);
  });

  test('rubbish: short answers are no JSON, those about blocks have no end', async () => {
    const setup = await setUp();
    const { url } = setup.node;
    await setup.node.suffer('rubbish');
    const { body } = await ask(`${url}/version`);
    expect(() => JSON.parse(body) as unknown).toThrow(SyntaxError);
    const endless = await listenTo(`${url}${HASH}`);
    await endless.until(text => text.length > 1_000_000);
    endless.stop();
    const heads = await listenTo(`${url}${HEADS}`);
    const line = await heads.until(text => text.includes('\n'));
    expect(() => JSON.parse(line) as unknown).toThrow(SyntaxError);
    heads.stop();
    await recovers(setup);
  });

  test('acl: streams and rights are refused as recorded; blocks, constants and injection are not', async () => {
    const { node } = await setUp();
    const stream = await listenTo(`${node.url}${HEADS}`);
    await node.suffer('acl');
    expect(await stream.over).toBe('cut');
    const refused = ['/chains/main/chain_id', '/chains/main/blocks/head/helpers/validators'];
    for (const path of [HEADS, '/chains/main/mempool/monitor_operations', ...refused]) {
      const { status, headers, body } = await ask(`${node.url}${path}`);
      expect([path, status, body]).toEqual([path, 401, '']);
      expect(headers).toEqual({ 'content-type': 'application/json', 'content-length': '0' });
    }
    for (const path of [HASH, '/chains/main/blocks/head/context/constants', '/version']) {
      expect((await ask(`${node.url}${path}`)).status).toBe(200);
    }
    // It may inject, and this is no operation.
    expect((await ask(`${node.url}/injection/operation`, 'POST', '""')).status).toBe(500);
  });

  test('lying: heads and votes nobody signed, seats exchanged, injections lost', async () => {
    const setup = await setUp();
    const { chain, node, grow } = setup;
    const validators = `${node.url}/chains/main/blocks/head/helpers/validators`;
    const honestRights = await json(validators);
    const heads = await listenTo(`${node.url}${HEADS}`);
    const validated = await listenTo(`${node.url}/monitor/validated_blocks`);
    await heads.until(text => text.endsWith('\n'));
    await node.suffer('lying');
    grow();
    const lines = (await heads.until(all => all.split('\n').length === 3)).trim().split('\n');
    const lie = JSON.parse(lines[1] ?? '') as { readonly hash: string; readonly level: number };
    expect(lie.level).toBe(3);
    expect(lie.hash).not.toBe(chain.head().hash);
    expect(await validated.until(text => text.endsWith('\n'))).toContain(lie.hash);
    expect(await json(`${node.url}${HASH}`)).toBe(lie.hash);
    expect(await json(validators)).not.toEqual(honestRights);
    await forgedHeaderHasWorkButNoSignature(node, chain);
    const pending = `${node.url}/chains/main/mempool/pending_operations`;
    const { validated: votes } = (await json(pending)) as { readonly validated: unknown[] };
    expect(votes.length).toBe(4);
    const vote = chain.unsentVote();
    const body = JSON.stringify(toHex(vote.bytes));
    expect(await json(`${node.url}/injection/operation`, 'POST', body)).toBe(vote.hash);
    expect(chain.mempool()).toEqual([]);
    for (const stream of [heads, validated]) stream.stop();
    await recovers(setup);
    expect(await json(validators)).toMatchObject([{ level: 3 }]);
  });

  test('each fault of the table can come and go', async () => {
    const setup = await setUp();
    for (const fault of Object.keys(FAULTS) as Fault[]) {
      await setup.node.suffer(fault);
      expect(setup.node.condition()).toBe(fault);
      setup.grow();
      await recovers(setup);
    }
  });
});

/** The next request that any server of this process gets. */
function requestArrives(): Promise<void> {
  const channel = 'http.server.request.start';
  return new Promise(resolve => {
    const seen = (): void => {
      unsubscribe(channel, seen);
      resolve();
    };
    subscribe(channel, seen);
  });
}

async function forgedHeaderHasWorkButNoSignature(node: EdgeNode, chain: HandChain): Promise<void> {
  const raw = await json(`${node.url}/chains/main/blocks/head/header/raw`);
  const { protocol } = chain.options;
  const bytes = Uint8Array.from(Buffer.from(raw as string, 'hex'));
  const header = decode(blockHeader(protocol), bytes);
  expect(header.signature).toBe(chain.head().header.signature);
  expect(header.payload_hash).not.toBe(chain.head().payloadHash);
  const unsigned = bytes.subarray(0, -64);
  expect(proofOfWorkStamp(unsigned)).toBeLessThanOrEqual(2n ** 62n - 1n);
  expect(blockSignBytes(chain.chainId, unsigned)).not.toEqual(
    blockSignBytes(
      chain.chainId,
      encode(blockHeader(protocol), chain.head().header).subarray(0, -64),
    ),
  );
}
