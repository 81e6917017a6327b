import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { openNodePool, type NodePool, type PoolLimits } from './index.ts';
import { answering, HASH, serve, silent, type Answer, type FakeNode } from './fixtures/node.ts';
import { endAll, ours } from './fixtures/pool.ts';
import { recorder } from './fixtures/recorder.ts';

afterEach(endAll);

async function node(injection: Answer, version?: Answer): Promise<FakeNode> {
  const answers = { injection, ...(version === undefined ? {} : { version }) };
  return ours.node(await serve(answering(answers)));
}

/** A pool over these nodes, named by their number. */
function poolOf(edges: readonly FakeNode[], limits: Partial<PoolLimits> = {}): NodePool {
  const named = edges.map(({ url }, at) => ({ name: `node${at + 1}`, url }));
  return ours.pool(openNodePool({ nodes: named, limits }, () => undefined));
}

const takes: Answer = response => response.end(`"${HASH}"\n`);

// A preattestation and what octez-node 25.1 answers to the wrong slot, an unknown ACL and rubbish.
const VOTE =
  'e1f319ff07a712c0ea8b21e150b569e0fc91f33ab7679ed410f3aea11caa9c9f1400010000003600000000f98e3c4158d5af8d12c94bb2df820ed98f8dad26142e9a848b41ae733fbba1545da9c4a36a7a4bb93641da8052db83d044ed70e6a907301451659b250b1b8133c2c50e07078789a85c669bc58bbbd794f78f33501ac990ae1f4d63e9f4b90a09';
const WRONG_SLOT =
  '[{"kind":"permanent","id":"async_injection_failed"},{"kind":"temporary","id":"failure","msg":"Error while validating injected operation op2buRicvbDzm9WL8SVnghf3j8Ze9ZRnMahNgH5A14tPjwQvCYQ:\\nError:\\n  Wrong slot used for a Attestation.\\n"}]\n';

describe('an operation', () => {
  test('goes to every node with the same bytes, and waits for none that is slow, dead or silent', async () => {
    const got = recorder<string>();
    const kept: Answer = (response, request, body) => {
      got.add(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
      takes(response, request, body);
    };
    const slow = recorder<ServerResponse>();
    const gone = await node(takes);
    const edges = [
      await node(silent),
      gone,
      await node(response => slow.add(response)),
      await node(kept),
      await node(kept),
    ];
    await gone.stop();
    const pool = poolOf(edges, { injectTimeoutMs: 400 });
    const { firstAccepted, handedOver, receipts } = pool.inject(VOTE);
    const first = await firstAccepted;
    expect(['node4', 'node5']).toContain(first?.node);
    expect(first).toMatchObject({ ok: true, hash: HASH });
    // Nobody was waited for: the slow one has not answered yet.
    await slow.count(1);
    slow.all[0]!.end(`"${HASH}"\n`);
    const answers = await receipts;
    expect(answers.map(({ node: name }) => name)).toEqual(pool.nodes().map(({ name }) => name));
    expect(answers).toMatchObject([
      { ok: false, code: 'timeout', message: 'no answer within 400 ms' },
      { ok: false, code: 'unreachable' },
      { ok: true, hash: HASH },
      { ok: true, hash: HASH },
      { ok: true, hash: HASH },
    ]);
    expect(answers[0]!.tookMs).toBeGreaterThanOrEqual(399);
    expect(first!.tookMs).toBeLessThan(answers[0]!.tookMs);
    expect(got.all).toEqual(Array(2).fill(`POST /injection/operation?chain=main "${VOTE}"`));
    const { at, node: to } = (await handedOver) ?? { at: Infinity, node: '' };
    expect(to).not.toBe('node2');
    expect(Math.abs(Date.now() - at)).toBeLessThan(10_000);
  });

  test('is handed over before it is answered', async () => {
    const pool = poolOf([await node(() => undefined)]);
    const { handedOver, receipts } = pool.inject(VOTE);
    expect(await handedOver).toMatchObject({ node: 'node1' });
    await pool.close();
    expect(await receipts).toMatchObject([{ code: 'closed' }]);
  });

  test('that nobody takes is nobody’s', async () => {
    const gone = await node(takes);
    await gone.stop();
    const { handedOver, firstAccepted, receipts } = poolOf([gone, gone]).inject(VOTE);
    expect(await firstAccepted).toBeUndefined();
    expect(await handedOver).toBeUndefined();
    expect(await receipts).toHaveLength(2);
  });

  test('is bytes in hex', async () => {
    const pool = poolOf([await node(takes)]);
    for (const bytes of ['', '0', 'xy', '0x00']) expect(() => pool.inject(bytes)).toThrow(/hex/);
  });
});

describe('an answer', () => {
  const answers: readonly (readonly [string, Answer, object])[] = [
    [
      'that refuses the operation says why',
      response => response.writeHead(500).end(WRONG_SLOT),
      {
        code: 'refused',
        status: 500,
        message:
          'status 500: Error while validating injected operation op2buRicvbDzm9WL8SVnghf3j8Ze9ZRnMahNgH5A14tPjwQvCYQ:\nError:\n  Wrong slot used for a Attestation.',
      },
    ],
    [
      'of an ACL is a refusal without words',
      response => response.writeHead(401).end(),
      { code: 'refused', status: 401, message: 'status 401' },
    ],
    [
      'of a proxy is quoted',
      response => response.writeHead(502).end('<html>Bad Gateway</html>'),
      { code: 'refused', status: 502, message: 'status 502: <html>Bad Gateway</html>' },
    ],
    [
      'without a hash is a bad one',
      response => response.end('{"hash":1}'),
      { code: 'bad_answer', status: 200 },
    ],
    [
      'without end is cut off',
      response => response.end('"'.padEnd(100_000, 'o')),
      { code: 'bad_answer', message: 'an answer of more than 65536 bytes' },
    ],
  ];

  test.each(answers)('%s', async (_what, answer, expected) => {
    const pool = poolOf([await node(answer)]);
    const { receipts, firstAccepted } = pool.inject(VOTE);
    expect(await receipts).toMatchObject([{ ok: false, ...expected }]);
    expect(await firstAccepted).toBeUndefined();
    // What was wrong with one is no hindrance to the next.
    expect(await pool.inject(VOTE).receipts).toMatchObject([{ ok: false, ...expected }]);
  });
});

describe('connections', () => {
  test('a kept one that the node has given up is replaced by a new one, once', async () => {
    const served = new WeakSet();
    const bodies: string[] = [];
    const answersOnce: Answer = (response, request, body) => {
      bodies.push(body);
      if (served.has(request.socket)) request.socket.destroy();
      else takes(response, request, body);
      served.add(request.socket);
    };
    const edge = await node(answersOnce, answersOnce);
    const pool = poolOf([edge]);
    const many = Array.from({ length: 8 }, () => pool.inject('01').receipts);
    expect((await Promise.all(many)).flat().every(({ ok }) => ok)).toBe(true);
    bodies.splice(0);
    // Another kept one would be as dead.
    expect(await pool.inject('02').receipts).toMatchObject([{ ok: true }]);
    expect(bodies).toEqual(['"02"', '"02"']);
  });

  test('a node that breaks every connection is asked twice and no more', async () => {
    let asked = 0;
    const edge = await node((_response, request) => {
      asked += 1;
      request.socket.destroy();
    });
    expect(await poolOf([edge]).inject(VOTE).receipts).toMatchObject([{ code: 'unreachable' }]);
    expect(asked).toBe(2);
  });

  test('an answer that breaks halfway is not asked for again', async () => {
    let asked = 0;
    const edge = await node(response => {
      asked += 1;
      response.writeHead(200, { 'content-length': 54 });
      response.write('"oom', () => response.socket?.destroy());
    });
    expect(await poolOf([edge]).inject(VOTE).receipts).toMatchObject([{ code: 'unreachable' }]);
    expect(asked).toBe(1);
  });

  test('a vote finds one that stands, and a node that closes it is met again before the next', async () => {
    const warmed = recorder<number | undefined>();
    const used: (number | undefined)[] = [];
    const edge = await node(
      (response, request, body) => {
        used.push(request.socket.remotePort);
        takes(response, request, body);
      },
      (response, request) => {
        response.end('{}', () => {
          if (warmed.all.length === 0) request.socket.end();
          warmed.add(request.socket.remotePort);
        });
      },
    );
    const pool = poolOf([edge], { warmMs: 40 });
    await warmed.count(3);
    const standing = warmed.all.slice(1);
    expect(standing).not.toContain(warmed.all[0]);
    // The first vote may come before the client has the answer, and then has a connection of its own.
    while (!used.some(port => standing.includes(port))) await pool.inject(VOTE).receipts;
  });

  test('no more are opened, and no more operations wait, than allowed', async () => {
    const waiting: ServerResponse[] = [];
    let most = 0;
    const edge = await node(response => {
      waiting.push(response);
      most = Math.max(most, waiting.length);
      setImmediate(() => waiting.shift()?.end(`"${HASH}"`));
    });
    const pool = poolOf([edge], { injectConnectionsMax: 4, injectQueuedMax: 10 });
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, () => pool.inject(VOTE).receipts),
    );
    const taken = outcomes.flat().filter(({ ok }) => ok);
    // The first of all waits for the connection that the pool itself has just opened.
    expect(taken.length).toBeGreaterThanOrEqual(13);
    expect(taken.length).toBeLessThanOrEqual(14);
    for (const receipt of outcomes.flat()) {
      if (!receipt.ok) expect(receipt).toMatchObject({ code: 'busy' });
    }
    expect(most).toBeLessThanOrEqual(4);
    expect(await pool.inject(VOTE).firstAccepted).toBeDefined();
  });

  test('500 votes on one block are all taken, though a silent node takes none', async () => {
    const silentOnes = await node(() => undefined);
    const pool = poolOf([silentOnes, await node(takes)], { injectTimeoutMs: 2_000 });
    const votes = Array.from({ length: 500 }, () => pool.inject(VOTE));
    const first = await Promise.all(votes.map(({ firstAccepted }) => firstAccepted));
    expect(first.every(receipt => receipt?.node === 'node2')).toBe(true);
    await pool.close();
    const receipts = await Promise.all(votes.map(vote => vote.receipts));
    expect(receipts.every(([one]) => one?.ok === false)).toBe(true);
  });

  test('time runs out also for what has not been sent, and it is not sent later', async () => {
    const bodies: string[] = [];
    const held = recorder<ServerResponse>();
    const edge = await node((response, _request, body) => {
      bodies.push(body);
      held.add(response);
    });
    const pool = poolOf([edge], { injectConnectionsMax: 1, injectTimeoutMs: 300 });
    const one = pool.inject('01');
    const two = pool.inject('02');
    expect(await two.receipts).toMatchObject([{ code: 'timeout' }]);
    expect(await one.receipts).toMatchObject([{ code: 'timeout' }]);
    const three = pool.inject('03');
    await held.first(() => bodies.includes('"03"'));
    held.all.at(-1)?.end(`"${HASH}"`);
    expect(await three.receipts).toMatchObject([{ ok: true }]);
    expect(bodies).toEqual(['"01"', '"03"']);
  });
});
