import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, test } from 'vitest';
import { toHex } from '@meridian/tezos';
import { blockHeader, blockSignBytes, decode, encode } from '@meridian/tezos/forge';
import { proofOfWorkStamp } from '@meridian/tezos/hash';
import type { HandChain } from '@meridian/sandbox-chain/hand';
import { closeAll, HASH, HEADS, setUp, type Setup } from './edge-node-fixture.ts';
import type { EdgeNode } from './edge-node.ts';
import { FAULTS, readAilment, WELL } from './faults.ts';
import { ask, json, listenTo } from './http-fixture.ts';

afterEach(closeAll);

describe('a node with a fault', () => {
  const recovers = async ({ chain, node }: Setup): Promise<void> => {
    await node.suffer(WELL);
    expect(await json(`${node.url}${HASH}`)).toBe(chain.head().hash);
  };

  test('refuse: nobody listens, and streams are cut', async () => {
    const setup = await setUp();
    const heads = await listenTo(`${setup.node.url}${HEADS}`);
    await setup.node.suffer(readAilment('refuse'));
    expect(await heads.over).toBe('cut');
    await expect(ask(`${setup.node.url}${HASH}`)).rejects.toThrow(/ECONNREFUSED/);
    await recovers(setup);
  });

  test('blackhole: a stream falls silent, a question hangs until the node is well', async () => {
    const setup = await setUp();
    const heads = await listenTo(`${setup.node.url}${HEADS}`);
    const before = await heads.until(text => text.endsWith('\n'));
    await setup.node.suffer(readAilment('blackhole'));
    const arrived = requestArrives();
    const question = ask(`${setup.node.url}${HASH}`).catch(() => 'cut');
    await arrived;
    setup.grow();
    await setup.node.suffer(WELL);
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
    await node.suffer(readAilment('stale'));
    grow();
    expect(await json(`${node.url}${HASH}`)).toBe(old);
    await node.suffer(WELL);
    expect(await heads.until(text => text.includes(chain.head().hash))).toContain(old);
    await recovers(setup);
  });

  test('slow: answers and items come late, in their order', async () => {
    const setup = await setUp();
    const { chain, node, grow } = setup;
    const heads = await listenTo(`${node.url}${HEADS}`);
    await heads.until(text => text.endsWith('\n'));
    await node.suffer(readAilment('slow:150'));
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
    await setup.node.suffer(readAilment('cut:20'));
    expect(await heads.over).toBe('cut');
    const [line, half] = heads.text().split('\n');
    expect(half).not.toBe('');
    expect(line?.startsWith(half ?? '')).toBe(true);
    await recovers(setup);
  });

  test('rubbish: short answers are no JSON, those about blocks have no end', async () => {
    const setup = await setUp();
    const { url } = setup.node;
    await setup.node.suffer(readAilment('rubbish'));
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
    await node.suffer(readAilment('acl'));
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
    await node.suffer(readAilment('lying'));
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

  test('lying about one thing leaves the others as they are', async () => {
    const { chain, node, grow } = await setUp();
    const validators = `${node.url}/chains/main/blocks/head/helpers/validators`;
    const seats = async (): Promise<unknown> => {
      const [level] = (await json(validators)) as readonly { readonly delegates: unknown }[];
      return level?.delegates;
    };
    const honest = await seats();
    await node.suffer(readAilment('lying:rights'));
    expect(await seats()).not.toEqual(honest);
    grow();
    expect(await json(`${node.url}${HASH}`)).toBe(chain.head().hash);
    await node.suffer(readAilment('lying:blocks'));
    expect(await seats()).toEqual(honest);
    grow();
    expect(await json(`${node.url}${HASH}`)).not.toBe(chain.head().hash);
    const pending = `${node.url}/chains/main/mempool/pending_operations`;
    const validated = async (): Promise<number> =>
      ((await json(pending)) as { readonly validated: unknown[] }).validated.length;
    expect(await validated()).toBe(0);
    await node.suffer(readAilment('lying:votes'));
    grow();
    expect(await json(`${node.url}${HASH}`)).toBe(chain.head().hash);
    expect(await validated()).toBe(4);
  });

  test('behind: it is so many levels late, refuses votes of levels to come, and catches up', async () => {
    const setup = await setUp();
    const { chain, node, grow } = setup;
    const heads = await listenTo(`${node.url}${HEADS}`);
    await node.suffer(readAilment('behind:2'));
    for (let left = 4; left > 0; left -= 1) grow();
    const level = `${node.url}/chains/main/blocks/head/helpers/current_level`;
    expect(await json(level)).toMatchObject({ level: 4 });
    const unknown = await ask(`${node.url}/chains/main/blocks/5/hash`);
    expect(unknown.status).toBe(404);
    const body = JSON.stringify(toHex(chain.unsentVote().bytes));
    const refused = await ask(`${node.url}/injection/operation`, 'POST', body);
    expect(refused).toMatchObject({ status: 500 });
    expect(refused.body).toContain('Unknown branch');
    await recovers(setup);
    const text = await heads.until(all => all.includes(chain.head().hash));
    const levels = text.trim().split('\n');
    expect(levels.map(line => (JSON.parse(line) as { level: number }).level)).toEqual([
      2, 3, 4, 5, 6,
    ]);
    heads.stop();
  });

  test('clock: Date is off, and a node whose clock is behind takes blocks so much later', async () => {
    const { chain, node, grow } = await setUp();
    const offset = async (): Promise<number> => {
      const { headers } = await ask(`${node.url}/version`);
      return Date.parse(String(headers['date'])) - Date.now();
    };
    await node.suffer(readAilment('clock:60000'));
    expect(await offset()).toBeGreaterThan(50_000);
    const heads = await listenTo(`${node.url}${HEADS}`);
    await heads.until(text => text.endsWith('\n'));
    await node.suffer(readAilment('clock:-120'));
    const start = performance.now();
    grow();
    await heads.until(text => text.includes(chain.head().hash));
    expect(performance.now() - start).toBeGreaterThanOrEqual(119);
    heads.stop();
    await node.suffer(WELL);
    expect((await ask(`${node.url}/version`)).headers).not.toHaveProperty('date');
  });

  test('slow-body: answers and items come in drops, and are whole in the end', async () => {
    const { chain, node, grow } = await setUp();
    await node.suffer(readAilment('slow-body:4000'));
    const start = performance.now();
    const { body } = await ask(`${node.url}/chains/main/blocks/head/header`);
    expect((JSON.parse(body) as { readonly hash: string }).hash).toBe(chain.head().hash);
    expect(performance.now() - start).toBeGreaterThanOrEqual((body.length / 4_000) * 1_000 - 100);
    const heads = await listenTo(`${node.url}${HEADS}`);
    grow();
    const text = await heads.until(all => all.split('\n').length === 3);
    const levels = text.trim().split('\n');
    expect(levels.map(line => (JSON.parse(line) as { level: number }).level)).toEqual([2, 3]);
    heads.stop();
  });

  test('truncated: answers are cut, lines are halves, and the stream goes on', async () => {
    const setup = await setUp();
    const { node, grow } = setup;
    const heads = await listenTo(`${node.url}${HEADS}`);
    await heads.until(text => text.endsWith('\n'));
    await node.suffer(readAilment('truncated'));
    await expect(ask(`${node.url}${HASH}`)).rejects.toThrow(/aborted|ECONNRESET|terminated/);
    grow();
    const [, half = ''] = (await heads.until(all => all.split('\n').length === 3)).split('\n');
    expect(() => JSON.parse(half) as unknown).toThrow(SyntaxError);
    await recovers(setup);
    grow();
    const [, , whole = ''] = (await heads.until(all => all.split('\n').length === 4)).split('\n');
    expect(JSON.parse(whole)).toMatchObject({ level: 4 });
    heads.stop();
  });

  test('each fault of the table can come and go', async () => {
    const setup = await setUp();
    for (const fault of Object.keys(FAULTS)) {
      await setup.node.suffer(readAilment(fault));
      expect(setup.node.condition().fault).toBe(fault);
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
