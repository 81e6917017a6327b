import type { ServerResponse } from 'node:http';
import { instant } from '@meridian/prelude';
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
      { ok: false, class: 'timeout', message: 'no answer within 400 ms' },
      { ok: false, class: 'unreachable' },
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
    expect(await receipts).toMatchObject([{ class: 'closed' }]);
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
        class: 'wrong',
        status: 500,
        message:
          'status 500: Error while validating injected operation op2buRicvbDzm9WL8SVnghf3j8Ze9ZRnMahNgH5A14tPjwQvCYQ:\nError:\n  Wrong slot used for a Attestation.',
      },
    ],
    [
      'of an ACL is a refusal without words',
      response => response.writeHead(401).end(),
      { class: 'denied', status: 401, message: 'status 401' },
    ],
    [
      'of a proxy is quoted',
      response => response.writeHead(502).end('<html>Bad Gateway</html>'),
      { class: 'refused', status: 502, message: 'status 502: <html>Bad Gateway</html>' },
    ],
    [
      'without a hash is a bad one',
      response => response.end('{"hash":1}'),
      { class: 'bad_answer', status: 200 },
    ],
    [
      'without end is cut off',
      response => response.end('"'.padEnd(100_000, 'o')),
      { class: 'bad_answer', message: 'an answer of more than 65536 bytes' },
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

/** What octez-node 25.1 answers to a vote on a branch that it does not have. */
const UNKNOWN_BRANCH =
  '[{"kind":"permanent","id":"async_injection_failed"},{"kind":"temporary","id":"failure","msg":"Unknown branch (BLM4b1SvsfQ6), cannot inject the operation."}]';

describe('a node that is behind', () => {
  const LATER = instant(Number.MAX_SAFE_INTEGER);
  const limits = { againMsMin: 1, againMsMax: 1 };

  test('gets the vote again until it takes it, and holds up no other', async () => {
    const bodies: string[] = [];
    const late = await node((response, request, body) => {
      bodies.push(body);
      if (bodies.length < 4) response.writeHead(500).end(UNKNOWN_BRANCH);
      else takes(response, request, body);
    });
    const pool = poolOf([late, await node(takes)], limits);
    const { firstAccepted, answers, receipts } = pool.inject(VOTE, LATER);
    expect(await firstAccepted).toMatchObject({ node: 'node2', tries: 1 });
    expect(await answers).toMatchObject([
      { ok: false, class: 'behind', tries: 1 },
      { ok: true, class: 'known', tries: 1 },
    ]);
    expect(await receipts).toMatchObject([
      { ok: true, class: 'known', tries: 4 },
      { ok: true, class: 'known', tries: 1 },
    ]);
    expect(bodies).toEqual(Array(4).fill(`"${VOTE}"`));
  });

  test('gets it once where nobody says until when, or the time is over', async () => {
    const pool = poolOf([await node(response => response.writeHead(500).end(UNKNOWN_BRANCH))]);
    for (const until of [undefined, instant(Date.now())]) {
      expect(await pool.inject(VOTE, until).receipts).toMatchObject([
        { class: 'behind', tries: 1, message: expect.stringContaining('Unknown branch') as string },
      ]);
    }
  });

  test('is waited for no longer when the pool is closed', async () => {
    const edge = await node(response => response.writeHead(500).end(UNKNOWN_BRANCH));
    const pool = poolOf([edge], { againMsMin: 600_000, againMsMax: 600_000 });
    const { answers, receipts } = pool.inject(VOTE, LATER);
    expect(await answers).toMatchObject([{ class: 'behind' }]);
    await pool.close();
    expect(await receipts).toMatchObject([{ class: 'closed', tries: 2 }]);
  });
});

describe('many votes at once', () => {
  test('each goes to one node before any goes to a second', async () => {
    const bodies: string[][] = [[], [], []];
    const edges = await Promise.all(
      bodies.map(got =>
        node((response, request, body) => {
          got.push(body);
          takes(response, request, body);
        }),
      ),
    );
    const pool = poolOf(edges, { injectConnectionsMax: 1 });
    const votes = Array.from({ length: 30 }, (_, at) => (at + 10).toString());
    await Promise.all(votes.map(vote => pool.inject(vote).receipts));
    const firsts = bodies.map(got => got.slice(0, 10));
    expect(firsts.flat().toSorted()).toEqual(votes.map(vote => `"${vote}"`));
    expect(bodies.map(got => got.toSorted())).toEqual(
      Array(3).fill(votes.map(vote => `"${vote}"`)),
    );
  });

  test('at a node, what is the first copy of a vote goes before what is not', async () => {
    const bodies: string[][] = [[], []];
    const held = bodies.map(() => recorder<ServerResponse>());
    const edges = await Promise.all(
      bodies.map((got, at) =>
        node((response, _request, body) => {
          got.push(body);
          held[at]!.add(response);
        }),
      ),
    );
    const pool = poolOf(edges, { injectConnectionsMax: 1 });
    const early = ['10', '11'].map(vote => pool.inject(vote).receipts);
    for (const one of held) await one.count(1);
    // By now the further copies of both wait.
    const late = ['12', '13'].map(vote => pool.inject(vote).receipts);
    for (let answered = 0; answered < 4; answered += 1) {
      for (const one of held) {
        await one.count(answered + 1);
        one.all[answered]!.end(`"${HASH}"`);
      }
    }
    await Promise.all([...early, ...late]);
    expect(bodies).toEqual([
      ['"10"', '"12"', '"11"', '"13"'],
      ['"11"', '"13"', '"10"', '"12"'],
    ]);
  });

  test('a node that did not answer is not the first of any, until it answers again', async () => {
    let isSilent = true;
    const edges = [
      await node((response, request, body) => {
        if (!isSilent) takes(response, request, body);
      }),
      await node(takes),
    ];
    const pool = poolOf(edges, { injectTimeoutMs: 200 });
    const handed = async (): Promise<readonly (string | undefined)[]> => {
      const two = [pool.inject(VOTE), pool.inject(VOTE)];
      const nodes = await Promise.all(two.map(({ handedOver }) => handedOver));
      await Promise.all(two.map(({ receipts }) => receipts));
      return nodes.map(handOver => handOver?.node).toSorted();
    };
    await handed();
    expect(await handed()).toEqual(['node2', 'node2']);
    isSilent = false;
    await handed();
    expect(await handed()).toEqual(['node1', 'node2']);
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
    expect(await poolOf([edge]).inject(VOTE).receipts).toMatchObject([{ class: 'unreachable' }]);
    expect(asked).toBe(2);
  });

  test('an answer that breaks halfway is not asked for again', async () => {
    let asked = 0;
    const edge = await node(response => {
      asked += 1;
      response.writeHead(200, { 'content-length': 54 });
      response.write('"oom', () => response.socket?.destroy());
    });
    expect(await poolOf([edge]).inject(VOTE).receipts).toMatchObject([{ class: 'unreachable' }]);
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

  test('no more are opened, and no more operations wait, than allowed: the oldest make room', async () => {
    const waiting: ServerResponse[] = [];
    const bodies: string[] = [];
    let most = 0;
    const edge = await node((response, _request, body) => {
      bodies.push(body);
      waiting.push(response);
      most = Math.max(most, waiting.length);
      setImmediate(() => waiting.shift()?.end(`"${HASH}"`));
    });
    const pool = poolOf([edge], { injectConnectionsMax: 4, injectQueuedMax: 10 });
    const votes = Array.from({ length: 30 }, (_, at) => (at + 10).toString());
    const outcomes = await Promise.all(votes.map(vote => pool.inject(vote).receipts));
    const untaken = votes.filter((_, at) => outcomes[at]?.[0]?.ok === false);
    // The first ones have the connections but for one, that of the pool itself.
    expect(untaken).toEqual(votes.slice(3, 20));
    for (const receipt of outcomes.flat()) {
      if (!receipt.ok) expect(receipt).toMatchObject({ class: 'busy' });
    }
    expect(bodies.toSorted()).toEqual(
      votes.filter(vote => !untaken.includes(vote)).map(vote => `"${vote}"`),
    );
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
    expect(await two.receipts).toMatchObject([{ class: 'timeout' }]);
    expect(await one.receipts).toMatchObject([{ class: 'timeout' }]);
    const three = pool.inject('03');
    await held.first(() => bodies.includes('"03"'));
    held.all.at(-1)?.end(`"${HASH}"`);
    expect(await three.receipts).toMatchObject([{ ok: true }]);
    expect(bodies).toEqual(['"01"', '"03"']);
  });
});
