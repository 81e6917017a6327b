import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { openNodePool, type NodeMessage } from './index.ts';
import { answering, serve, silent, type Answer } from './fixtures/node.ts';
import { endAll, follow, followUrl, HEAD, isOf, NEVER, ours } from './fixtures/pool.ts';
import { recorder, type Recorder } from './fixtures/recorder.ts';

afterEach(endAll);

const later = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

// Beginnings of lines that octez-node 25.1 printed.
const BLOCK =
  '{"chain_id":"NetXdQprcVkpaWU","hash":"BMHR2btxenVD8ZnS2gF8JQ11qkqUJhWN5h6vb1zhSQxGshTjt9Z","header":{"level":23},"operations":[[],[],[],[]]}';
const VOTE =
  '{"hash":"onnYaU8ts8pfoTyKK6PZhQq3GqS7oqVr4fNoeGaBDrYqGov1rTg","contents":[{"kind":"attestation","slot":3,"level":23,"round":0}]}';

describe('following', () => {
  test('each stream is asked for by its path, as JSON, on a connection of its own', async () => {
    const asked = recorder<string>();
    const ports = new Set<number | undefined>();
    const note: Answer = (response, request, body) => {
      ports.add(request.socket.remotePort);
      silent(response, request, body);
      asked.add(`${request.url ?? ''} ${request.headers.accept ?? ''}`);
    };
    await follow({ validated_blocks: note, heads: note, operations: note });
    await asked.count(3);
    expect([...asked.all].sort()).toEqual([
      '/chains/main/mempool/monitor_operations?validated=true&branch_delayed=true&validation_pass=0 application/json',
      '/monitor/heads/main application/json',
      '/monitor/validated_blocks?chain=main application/json',
    ]);
    expect(ports.size).toBe(3);
  });

  test('what a node prints arrives as it stands, with its name and the time', async () => {
    const line =
      (text: string): Answer =>
      response =>
        response.write(`${text}\n`);
    const { messages } = await follow({
      validated_blocks: line(BLOCK),
      heads: line(HEAD),
      operations: line(`[]\n[${VOTE}]`),
    });
    const before = Date.now();
    const block = await messages.first(isOf('validated'));
    expect(block).toMatchObject({ node: 'edge', block: JSON.parse(BLOCK) as object });
    expect(Math.abs(block.at - before)).toBeLessThan(10_000);
    expect(await messages.first(isOf('head'))).toMatchObject({
      header: JSON.parse(HEAD) as object,
    });
    const votes = await messages.first(
      message => message.kind === 'operations' && message.operations.length > 0,
    );
    expect(votes).toMatchObject({ operations: [JSON.parse(VOTE)] });
  });

  test('items split and merged in chunks, even within a character, are the same items', async () => {
    const bytes = Buffer.from(`{"name":"é漢😀"}\n\r\n\n${HEAD}\n${HEAD}\n`);
    const { messages } = await follow({
      heads: response => {
        const pieces = Array.from({ length: Math.ceil(bytes.length / 9) }, (_, at) =>
          bytes.subarray(9 * at, 9 * at + 9),
        );
        // Time enough for each chunk to leave alone; what arrives is the same if it does not.
        const next = (): void => {
          const piece = pieces.shift();
          if (piece !== undefined) response.write(piece, () => setTimeout(next, 1));
        };
        next();
      },
    });
    const isThird = (): boolean => messages.all.filter(isOf('head')).length === 3;
    await messages.first(isThird);
    expect(messages.all.filter(isOf('head'))).toMatchObject([
      { header: { name: 'é漢😀' } },
      { header: JSON.parse(HEAD) as object },
      { header: JSON.parse(HEAD) as object },
    ]);
    expect(messages.all.some(isOf('fault'))).toBe(false);
  });

  test('a node behind a proxy is asked below its prefix', async () => {
    const asked = recorder<string>();
    const node = await serve((request, response) => {
      asked.add(request.url ?? '');
      response.end('"x"');
    });
    ours.node(node);
    const { pool } = followUrl(`${node.url}/tezos/`, {});
    await pool.inject('00').receipts;
    await pool.read('edge', '/chains/main/chain_id');
    for (const path of ['/monitor/heads/main', '/injection/operation?chain=main', '/version']) {
      await asked.first(url => url === `/tezos${path}`);
    }
    expect(asked.all.every(url => url.startsWith('/tezos/'))).toBe(true);
  });

  test('a mistake in the listener ends no stream, and is not hidden', async () => {
    const uncaught = recorder<unknown>();
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', uncaught.add);
    try {
      const node = ours.node(
        await serve(answering({ heads: response => response.write(`${HEAD}\n{}\n`) })),
      );
      const seen = recorder<NodeMessage>();
      const pool = openNodePool({ nodes: [{ name: 'edge', url: node.url }] }, message => {
        seen.add(message);
        if (message.kind === 'head') throw new Error('a mistake');
      });
      ours.pool(pool);
      await uncaught.count(2);
      expect(uncaught.all).toEqual([new Error('a mistake'), new Error('a mistake')]);
      expect(seen.all.some(isOf('fault'))).toBe(false);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    }
  });
});

describe('a stream that the node ends in order', () => {
  test('is opened again at once, without a fault', async () => {
    const opened = recorder<ServerResponse>();
    const { messages } = await follow(
      {
        operations: response => {
          response.write('[]\n');
          opened.add(response);
        },
      },
      { ...NEVER, reopenPauseMsMin: 20 },
    );
    for (const level of [1, 2, 3]) {
      await opened.count(level);
      await later(20);
      opened.all[level - 1]!.end();
    }
    await opened.count(4);
    const closed = messages.all.filter(isOf('stream-closed'));
    expect(closed).toMatchObject(closed.map(() => ({ stream: 'operations', reason: 'ended' })));
    expect(closed).toHaveLength(3);
    expect(messages.all.some(isOf('fault'))).toBe(false);
  });

  test('pauses when it is ended again and again', async () => {
    const asked = recorder<number>();
    await follow(
      {
        operations: response => {
          asked.add(performance.now());
          response.end('[]\n');
        },
      },
      { reopenPauseMsMin: 60 },
    );
    await asked.count(5);
    const [first = 0] = asked.all;
    // Timers may fire a millisecond early.
    expect((asked.all[4] ?? 0) - first).toBeGreaterThanOrEqual(4 * 59);
  });

  test('is opened on a new connection when the kept one turns out to be dead', async () => {
    const served = new WeakSet();
    const asked = recorder<ServerResponse>();
    const { messages } = await follow(
      {
        // Closes a kept connection without a word as soon as something is asked on it.
        operations: (response, request) => {
          if (served.has(request.socket)) request.socket.destroy();
          else response.write('[]\n');
          served.add(request.socket);
          asked.add(response);
        },
      },
      { ...NEVER, reopenPauseMsMin: 0 },
    );
    await asked.count(1);
    asked.all[0]!.end();
    await asked.count(3);
    await messages.first(
      message => isOf('stream-open', 'operations')(message) && message !== firstOpen(messages),
    );
    expect(messages.all.some(isOf('fault'))).toBe(false);
  });
});

function firstOpen({ all }: Recorder<NodeMessage>): NodeMessage | undefined {
  return all.find(isOf('stream-open', 'operations'));
}

describe('restarting and closing', () => {
  test('a silent stream is given up for a new one', async () => {
    const asked = recorder<ServerResponse>();
    const { pool, messages } = await follow(
      {
        heads: (response, request, body) => {
          silent(response, request, body);
          asked.add(response);
        },
      },
      { ...NEVER, reopenPauseMsMin: 10 },
    );
    await messages.first(isOf('stream-open', 'heads'));
    pool.restart('edge', 'heads');
    expect(messages.all.at(-1)).toMatchObject({ kind: 'stream-closed', reason: 'restarted' });
    await asked.count(2);
    const [first] = asked.all;
    if (first?.closed === false) await new Promise(resolve => first.once('close', resolve));
    expect(messages.all.some(isOf('fault'))).toBe(false);
  });

  test('a restart asked for by the listener, in the middle of a chunk, drops what came with it', async () => {
    const node = ours.node(
      await serve(
        answering({
          heads: response => {
            response.cork();
            response.write(`${HEAD}\n{}\n`);
            response.write('{}\n');
            response.uncork();
          },
        }),
      ),
    );
    const messages = recorder<NodeMessage>();
    const limits = { ...NEVER, reopenPauseMsMin: 600_000 };
    const pool = openNodePool({ nodes: [{ name: 'edge', url: node.url }], limits }, message => {
      messages.add(message);
      if (message.kind === 'head') pool.restart('edge', 'heads');
    });
    ours.pool(pool);
    await messages.first(isOf('stream-closed', 'heads'));
    await later(20);
    expect(messages.all.filter(isOf('head'))).toHaveLength(1);
  });

  test('a listener that closes the pool hears nothing more, and no stream is opened again', async () => {
    let asked = 0;
    const node = ours.node(
      await serve(
        answering({
          heads: response => {
            asked += 1;
            response.end(`${HEAD}\n`);
          },
        }),
      ),
    );
    const messages = recorder<NodeMessage>();
    const pool = openNodePool({ nodes: [{ name: 'edge', url: node.url }] }, message => {
      messages.add(message);
      if (message.kind === 'stream-closed') void pool.close();
    });
    await messages.first(isOf('stream-closed', 'heads'));
    const said = messages.all.length;
    await later(150);
    expect([asked, messages.all.length, node.sockets()]).toEqual([1, said, 0]);
  });

  test('after closing nothing is said, and within 200 ms no connection is left', async () => {
    const opened = recorder<ServerResponse>();
    const { pool, node, messages } = await follow({
      heads: response => {
        response.write(`${HEAD}\n`);
        opened.add(response);
      },
      injection: () => undefined,
    });
    await messages.first(isOf('head'));
    const { receipts, handedOver } = pool.inject('00');
    await handedOver;
    const startedAt = performance.now();
    const closed = pool.close();
    const said = messages.all.length;
    opened.all[0]!.write(`${HEAD}\n`);
    await closed;
    while (node.sockets() > 0) await later(1);
    expect(performance.now() - startedAt).toBeLessThan(200);
    expect(messages.all).toHaveLength(said);
    expect(await receipts).toMatchObject([{ node: 'edge', ok: false, class: 'closed' }]);
    pool.restart('edge', 'heads');
    await pool.close();
    await later(20);
    expect([messages.all.length, node.sockets()]).toEqual([said, 0]);
    await expect(pool.read('edge', '/version')).rejects.toMatchObject({ code: 'unreachable' });
    expect(await pool.inject('00').receipts).toMatchObject([{ class: 'closed' }]);
  });

  test('two nodes of one name, an unknown one and an address that is none are mistakes', async () => {
    const { pool, node } = await follow({});
    const one = { name: 'edge', url: node.url };
    expect(() => openNodePool({ nodes: [one, one] }, () => undefined)).toThrow(/name of its own/);
    expect(() =>
      openNodePool({ nodes: [one, { name: 'b', url: 'b:1' }] }, () => undefined),
    ).toThrow(/no http or https address/);
    expect(() => pool.restart('nobody', 'heads')).toThrow(/"nobody"/);
    expect(pool.nodes()).toEqual([one]);
  });
});
