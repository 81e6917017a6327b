import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { instant, type Instant } from '@meridian/prelude';
import { level, round, toHex } from '@meridian/tezos';
import type { ChainEvent, SandboxChain, Verdict } from '@meridian/sandbox-chain';
import { handChain, SEATS } from '@meridian/sandbox-chain/hand';
import type { EdgeNode } from './edge-node.ts';
import { readAilment, readFault } from './faults.ts';
import { ask, json, listenTo } from './http-fixture.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

const started: Sandbox[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map(sandbox => sandbox.close()));
});

const OPTIONS: SandboxOptions = { nodes: 3, portBase: 0, controlPort: 0, faults: [] };

async function start(chain: SandboxChain, options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await startSandbox(chain, { ...OPTIONS, ...options });
  started.push(sandbox);
  return sandbox;
}

describe('the nodes', () => {
  test('what is injected at one is heard of at all', async () => {
    const chain = handChain();
    chain.grow();
    const { nodes } = await start(chain);
    const streams = await Promise.all(
      nodes.map(({ url }) => listenTo(`${url}/chains/main/mempool/monitor_operations`)),
    );
    const vote = chain.unsentVote();
    const body = JSON.stringify(toHex(vote.bytes));
    await ask(`${nodes[1]?.url ?? ''}/injection/operation`, 'POST', body);
    // At once, not with the next thing that is due.
    const pending = await ask(`${nodes[2]?.url ?? ''}/chains/main/mempool/pending_operations`);
    expect(pending.body).toContain(vote.hash);
    for (const stream of streams) {
      expect(await stream.until(text => text.includes(vote.hash))).toContain('[]\n');
      stream.stop();
    }
  });

  test('a scripted fault comes and goes', async () => {
    const fault = readFault('node2=refuse@0s-300ms');
    const { nodes } = await start(handChain(), { faults: [fault] });
    const url = `${nodes[1]?.url ?? ''}/version`;
    const works = (): Promise<boolean> => ask(url).then(Boolean, () => false);
    await expect.poll(works).toBe(false);
    await expect.poll(works).toBe(true);
  });

  test('a fault can come and go with the level of the head', async () => {
    const ailment = readAilment('acl');
    const fault = { node: 'node2', ailment, from: { level: 2 }, until: { level: 4 } };
    const chain = handChain();
    const seen = new Map<number, string | undefined>();
    const watched: EdgeNode[] = [];
    const advanceTo = (): readonly ChainEvent[] => {
      seen.set(chain.head().level, watched[0]?.condition().fault);
      return watched.length === 0 ? [] : chain.grow();
    };
    const nextWake = (): Instant => instant(0);
    const sandbox = await start({ ...chain, advanceTo, nextWake }, { faults: [fault] });
    watched.push(...sandbox.nodes.slice(1, 2));
    await expect.poll(() => seen.size).toBeGreaterThan(5);
    const conditions = [1, 2, 3, 4, 5].map(level => seen.get(level));
    expect(conditions).toEqual(['ok', 'acl', 'acl', 'ok', 'ok']);
  });

  test('a fault of a node that is not there is refused, and nothing is left open', async () => {
    const fault = readFault('node4=slow');
    await expect(startSandbox(handChain(), { ...OPTIONS, faults: [fault] })).rejects.toMatchObject({
      code: 'misused',
      message: 'there is no node4, only node1, node2, node3',
    });
  });

  test('a port that is taken is an error, and the other ports are free again', async () => {
    const taken = createServer();
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const wanted = { ...OPTIONS, portBase: port - 1, nodes: 2 };
    await expect(startSandbox(handChain(), wanted)).rejects.toMatchObject({ code: 'port_taken' });
    await expect(ask(`http://127.0.0.1:${port - 1}/version`)).rejects.toThrow();
    await new Promise(resolve => taken.close(resolve));
  });
});

describe('the control server', () => {
  test('lists nodes and makes them ill and well', async () => {
    const { nodes, controlUrl } = await start(handChain());
    const described = nodes.map(({ name, url }) => ({ name, url, condition: 'ok' }));
    expect(await json(`${controlUrl}/nodes`)).toEqual(described);
    expect(await json(`${controlUrl}/nodes/node2/refuse`, 'POST')).toMatchObject({
      name: 'node2',
      condition: 'refuse',
    });
    await expect(ask(`${nodes[1]?.url ?? ''}/version`)).rejects.toThrow(/ECONNREFUSED/);
    await ask(`${controlUrl}/nodes/node2/ok`, 'POST');
    expect(await ask(`${nodes[1]?.url ?? ''}/version`)).toMatchObject({ status: 200 });
  });

  test('what it does not know it says', async () => {
    const { controlUrl } = await start(handChain());
    const asked = [
      ['POST', '/nodes/node9/refuse', 'unknown node node9'],
      ['POST', '/nodes/node1/sick', 'is no fault: there is refuse, blackhole'],
      ['GET', '/nosuch', 'there is only GET summary'],
      ['GET', '/stop', 'there is only GET summary'],
    ] as const;
    for (const [method, path, text] of asked) {
      const { status, body } = await ask(`${controlUrl}${path}`, method);
      expect(status).toBe(404);
      expect(body).toContain(text);
    }
  });

  test('rights are streamed as they are judged, those of before included, and counted', async () => {
    const { chain, judge } = judgedChain();
    const { nodes, controlUrl, summary } = await start(chain);
    const vote = (): Promise<unknown> =>
      ask(
        `${nodes[0]?.url ?? ''}/injection/operation`,
        'POST',
        JSON.stringify(toHex(chain.unsentVote().bytes)),
      );
    judge({ attested: true, preattestationSeen: 40, attestationSeen: 90 });
    await vote();
    const levels = await listenTo(`${controlUrl}/levels`);
    await levels.until(text => text.endsWith('\n'));
    judge({ attested: false, preattestationSeen: 40, attestationSeen: null });
    await vote();
    const lines = (await levels.until(text => text.split('\n').length === 3)).trim().split('\n');
    const hash = chain.atLevel(1)?.hash;
    const right = { level: 1, round: 0, preattestationMs: 40, hash };
    expect(lines.map(line => JSON.parse(line) as unknown)).toMatchObject([
      { ...right, attested: true, attestationMs: 90 },
      { ...right, attested: false, attestationMs: null },
    ]);
    levels.stop();
    const counted = { levels: 3, rights: 2, attested: 1, missed: 1, doubleSigns: 0, baked: 1 };
    expect(await json(`${controlUrl}/summary`)).toEqual(counted);
    expect(summary()).toEqual(counted);
  });

  test('stop ends everything', async () => {
    const { nodes, controlUrl, stopped } = await start(handChain());
    expect(await json(`${controlUrl}/stop`, 'POST')).toEqual({ stopping: true });
    await stopped;
    for (const url of [controlUrl, ...nodes.map(node => node.url)]) {
      await expect(ask(url)).rejects.toThrow(/ECONNREFUSED/);
    }
  });
});

type Judged = {
  readonly attested: boolean;
  /** Milliseconds after the block's timestamp. */
  readonly preattestationSeen: number;
  readonly attestationSeen: number | null;
};

/** A chain of three blocks whose first seat is a guest, with verdicts on its level 1 made by hand. */
function judgedChain(): {
  readonly chain: ReturnType<typeof handChain>;
  readonly judge: (judged: Judged) => void;
} {
  const plain = handChain();
  for (let left = 3; left > 0; left -= 1) plain.grow();
  const start = Date.parse(plain.atLevel(1)?.header.timestamp ?? '');
  const [guest] = SEATS;
  if (guest === undefined) throw new Error('there is a seat');
  let verdicts: Verdict[] = [];
  const { delegate, consensusKey } = guest;
  const chain = {
    ...plain,
    options: { ...plain.options, guests: [{ delegate, consensusKey, stake: 1 }] },
    takeVerdicts: () => verdicts.splice(0),
  };
  const judge = ({ attested, preattestationSeen, attestationSeen }: Judged): void => {
    verdicts = [
      {
        ...{ level: level(1), round: round(0), delegate, attested },
        preattestationSeen: instant(start + preattestationSeen),
        attestationSeen: attestationSeen === null ? null : instant(start + attestationSeen),
      },
    ];
  };
  return { chain, judge };
}
