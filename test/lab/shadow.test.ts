import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type Child } from './child.ts';
import { newWorkshop, type Workshop } from './start/workshop.ts';

/*
 * Shadow as a process of its own beside the sandbox's own bakers, through five nodes of which two lie. What stands
 * between it and the nodes writes down every request.
 */

const MERIDIAN = join(import.meta.dirname, '../../apps/operator/src/main.ts');
const TIMEOUT_MS = 90_000;

type Node = { readonly name: string; readonly url: string };

let workshop: Workshop;
let sandbox: Child;
let nodes: readonly Node[];
let control: string;
let robots: readonly string[];
const guards: Server[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  workshop = newWorkshop();
  const faults = ['--fault', 'node2=lying', '--fault', 'node4=lying'];
  // A guest for whom nobody votes is a baker that is down; its rounds are missed.
  const guest = ['--guest', `${workshop.keys[0].publicKey}:30`];
  sandbox = startApp('sandbox', [...guest, ...faults], 'sandbox', () => undefined);
  ({ nodes, control } = (await sandbox.ready) as unknown as {
    nodes: readonly Node[];
    control: string;
  });
  const path = '/chains/main/blocks/head/context/delegates';
  const all = (await (await fetch(`${nodes[0]?.url ?? ''}${path}`)).json()) as readonly string[];
  robots = all.filter(each => each !== workshop.keys[0].pkh);
}, TIMEOUT_MS);
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const guard of guards.splice(0)) {
    guard.closeAllConnections();
    guard.close();
  }
  for (const { name } of nodes) {
    const condition = ['node2', 'node4'].includes(name) ? 'lying' : 'ok';
    await fetch(`${control}/nodes/${name}/${condition}`, { method: 'POST' });
  }
});
afterAll(async () => {
  sandbox.kill('SIGTERM');
  await sandbox.ended;
  workshop.remove();
});

/** Stands in front of a node: notes what is asked, and refuses some of it as an ACL does. */
async function guarded(node: Node, asked: string[], refused?: RegExp): Promise<Node> {
  const guard = createServer((from, to) => {
    const path = from.url ?? '';
    asked.push(`${from.method ?? ''} ${path}`);
    if (refused?.test(path) === true) {
      to.writeHead(401).end();
      return;
    }
    const { method, headers } = from;
    const on = request(`${node.url}${path}`, { method, headers, agent: false }, answer => {
      to.writeHead(answer.statusCode ?? 500, answer.headers).flushHeaders();
      answer.pipe(to);
      answer.on('error', () => to.destroy());
    });
    on.on('error', () => to.destroy());
    to.on('close', () => on.destroy());
    from.pipe(on);
  });
  await new Promise<void>(resolve => guard.listen(0, '127.0.0.1', resolve));
  guards.push(guard);
  return { name: node.name, url: `http://127.0.0.1:${(guard.address() as AddressInfo).port}` };
}

type Summary = {
  readonly levels: number;
  readonly rights: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
  readonly troubles: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly blockToAttestationMs: { readonly p50: number | null };
};
type Ended = { readonly status: number; readonly lines: readonly string[]; readonly json: Summary };

type Running = {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<Ended>;
};

/** Starts shadow; with `--json` its lines come on standard error, and the object on standard output. */
function shadow(
  through: readonly Node[],
  delegates: readonly string[],
  ...more: string[]
): Running {
  const flags = [
    ...through.flatMap(({ name, url }) => ['--node', `${name}=${url}`]),
    ...delegates.flatMap(each => ['--delegate', each]),
  ];
  const child = spawn(process.execPath, [MERIDIAN, 'shadow', '--json', ...flags, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  let [out, rest] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => {
    const whole = (rest + data.toString()).split('\n');
    rest = whole.pop() ?? '';
    lines.push(...whole);
  });
  const ended = once(child, 'close').then(([status]) => ({
    ...{ status: status as number, lines },
    json: JSON.parse(out) as Summary,
  }));
  return { child, lines, ended };
}

describe('beside the bakers of a chain, through five nodes of which two lie', () => {
  test(
    'every vote that the chain includes is one that shadow would have cast, and no request is but a GET',
    async () => {
      const asked: string[] = [];
      const through = await Promise.all(nodes.map(node => guarded(node, asked)));
      const guest = workshop.keys[0].pkh;
      const { ended } = shadow(through, [...robots, guest], '--levels', '8');
      const { status, lines, json } = await ended;
      expect({ ...json.outcomes, lost_by_chain: 0, agree: 0 }, lines.join('\n')).toEqual({
        ...{ agree: 0, lost_by_chain: 0, missed_by_both: 0 },
        ...{ missed_by_shadow: 0, other_payload: 0 },
      });
      expect(json.levels).toBe(8);
      const lost = lines.filter(line => line.includes('lost by the running baker'));
      expect(lost.length).toBe(json.outcomes['lost_by_chain']);
      expect(lost.every(line => line.includes(guest))).toBe(true);
      const agreed = lines.filter(line => /level \d+ .*chain included it$/.test(line));
      expect(agreed.length).toBe(json.outcomes['agree']);
      // Votes of tz4 robots stand in aggregates.
      for (const robot of robots) expect(agreed.join('\n')).toContain(robot);
      expect(status).toBe(0);
      expect(json.blockToAttestationMs.p50).toBeGreaterThan(0);
      expect(Object.keys(json.troubles).sort()).toEqual(['node2', 'node4']);
      expect(lines.join('\n')).toMatch(/node2: not believed: /);
      expect(asked.length).toBeGreaterThan(100);
      expect(asked.filter(each => !each.startsWith('GET '))).toEqual([]);
      // Whoever could inject would keep a connection warm with these.
      expect(asked.filter(each => /\/version|\/injection/.test(each))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('nodes that do not serve all of it', () => {
  test(
    'cost a line each as long as enough are left, and Ctrl-C ends with the summary',
    async () => {
      await fetch(`${control}/nodes/node4/refuse`, { method: 'POST' });
      await fetch(`${control}/nodes/node5/acl`, { method: 'POST' });
      await fetch(`${control}/nodes/node2/ok`, { method: 'POST' });
      const { child, lines, ended } = shadow(nodes, robots.slice(0, 1));
      const hasCompared = (): boolean => lines.some(line => line.includes('chain included it'));
      await expect.poll(hasCompared, { timeout: TIMEOUT_MS, interval: 100 }).toBe(true);
      child.kill('SIGINT');
      const { status, json } = await ended;
      expect(status).toBe(0);
      expect(json.outcomes['agree']).toBe(json.rights);
      expect(json.rights).toBeGreaterThan(0);
      const text = lines.join('\n');
      expect(text).toMatch(/node4: stream \/monitor\/heads\/main: unreachable/);
      expect(text).toMatch(
        /node5: stream \/monitor\/heads\/main: refused: .*status 401.*its ACL has to allow this path/,
      );
      expect(text).toMatch(/node5: no answer about rights, such as .*\/helpers\/validators/);
      expect(text.match(/node5: no answer about rights/g)).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  test(
    'but for preattestations have shadow miss what the chain includes, and say why',
    async () => {
      const asked: string[] = [];
      const mempool = /\/mempool\/monitor_operations/;
      const honest = nodes.filter(({ name }) => !['node2', 'node4'].includes(name));
      const through = await Promise.all(honest.map(node => guarded(node, asked, mempool)));
      const { ended } = shadow(through, robots.slice(-1), '--levels', '2');
      const { status, lines, json } = await ended;
      expect(status).toBe(1);
      expect(json.outcomes).toMatchObject({ missed_by_shadow: json.rights, agree: 0 });
      expect(json.reasons).toEqual({ no_prequorum: json.rights });
      expect(lines.join('\n')).toMatch(/shadow would NOT have voted: no_prequorum \(the block was/);
    },
    TIMEOUT_MS,
  );
});
