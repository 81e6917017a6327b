import { KINDS, NO_MAX_LEVEL } from '@meridian/watermark';
import { changeOf, changeOfRows, provision, takeOver } from '@meridian/watermark/administration';
import { openJournal, openSqliteStore } from '@meridian/watermark-store';
import { level, round, type ChainId } from '@meridian/tezos';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type Child } from './child.ts';
import { keysOf, newWorkshop, provisionFirstUse, type Workshop, SITE } from './start/workshop.ts';

/*
 * The doctor as a process of its own, against the sandbox and a signer as processes of theirs.
 */

const MERIDIAN = join(import.meta.dirname, '../../apps/operator/src/main.ts');
const TIMEOUT_MS = 60_000;
const POISONED_LEVEL = 1_000_000;

type Node = { readonly name: string; readonly url: string };
type Check = { readonly check: string; readonly subject: string; readonly status: string };
type Found = Check & { readonly found: string };

let workshop: Workshop;
let sandbox: Child;
let nodes: readonly Node[];
let control: string;
let chainId: ChainId;
const started: Child[] = [];

async function start(app: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const child = startApp(app, args, app, () => undefined);
  started.push(child);
  return child.ready;
}

async function stopAll(children: readonly Child[]): Promise<void> {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map(({ ended }) => ended));
}

beforeAll(async () => {
  workshop = newWorkshop();
  const ready = await start('sandbox', ['--nodes', '3', '--guest', workshop.keys[0].publicKey]);
  ({ nodes, control } = ready as unknown as { nodes: readonly Node[]; control: string });
  [sandbox] = started.splice(0) as [Child];
  chainId = (await json(`${nodes[0]?.url ?? ''}/chains/main/chain_id`)) as ChainId;
}, TIMEOUT_MS);
afterEach(async () => {
  await stopAll(started.splice(0));
  for (const { name } of nodes) await suffer(name, 'ok');
});
afterAll(async () => {
  await stopAll([sandbox]);
  workshop.remove();
});

async function json(url: string, method = 'GET'): Promise<unknown> {
  return (await fetch(url, { method, signal: AbortSignal.timeout(5_000) })).json();
}

async function suffer(node: string, condition: string): Promise<void> {
  await json(`${control}/nodes/${node}/${condition}`, 'POST');
}

/** An endorser's file that names all nodes and one signer. */
function endorserFile(signer = 'http://127.0.0.1:1', more: object = {}): string {
  return workshop.configure('endorser', {
    ...{ chainId, nodes, signers: [signer], keys: [workshop.keys[0].pkh] },
    ...more,
  });
}

type Report = { readonly status: number; readonly checks: readonly Found[] };

function doctor(file: string): Promise<Report> {
  const args = [MERIDIAN, 'doctor', '--endorser', file, '--timeout', '3', '--json'];
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, (error, stdout, stderr) => {
      if (stderr !== '') reject(new Error(stderr));
      const { checks } = JSON.parse(stdout) as { checks: readonly Found[] };
      resolve({ status: error === null ? 0 : (child.exitCode ?? -1), checks });
    });
  });
}

/** What is not well, without what nobody can help in a test: who asks a signer that is not there. */
function ills({ checks }: Report): readonly string[] {
  return checks
    .filter(({ status, check }) => status !== 'ok' && !/^(signer|marks)_/.test(check))
    .map(({ subject, check }) => `${subject} ${check}`);
}

async function headOf(node: Node | undefined): Promise<number> {
  const header = await json(`${node?.url ?? ''}/chains/main/blocks/head/header`);
  return (header as { level: number }).level;
}

/** Waits until the chain is as high. */
async function untilLevel(wanted: number): Promise<void> {
  await expect
    .poll(() => headOf(nodes[0]), { timeout: TIMEOUT_MS, interval: 200 })
    .toBeGreaterThanOrEqual(wanted);
}

describe('with nodes of the sandbox', () => {
  test(
    'all is well with a new key, its signer and its watermark, as a real signer tells it',
    async () => {
      await provisionFirstUse(workshop, chainId);
      const { port } = await startSigner(workshop);
      const report = await doctor(endorserFile(`http://127.0.0.1:${port}`));
      expect(report.checks.filter(({ status }) => status !== 'ok')).toEqual([]);
      expect(report.status).toBe(0);
      const names = new Set(report.checks.map(({ check }) => check));
      for (const name of ['marks_below_head', 'key_rights', 'rpc_allowed', 'clock']) {
        expect(names).toContain(name);
      }
    },
    TIMEOUT_MS,
  );

  test.each([
    ['refuse', ['node2 node_reachable']],
    ['blackhole', ['node2 node_reachable']],
    ['rubbish', ['node2 node_reachable']],
    ['acl', ['node2 rpc_allowed']],
  ])(
    'one that suffers from %s costs a line, and the other two are enough',
    async (fault, expected) => {
      await suffer('node2', fault);
      const report = await doctor(endorserFile());
      expect(ills(report)).toEqual(expected);
      expect(report.status).toBe(1);
    },
    TIMEOUT_MS,
  );

  test(
    'one that is stale is behind',
    async () => {
      await suffer('node3', 'stale');
      await untilLevel((await headOf(nodes[2])) + 4);
      expect(ills(await doctor(endorserFile()))).toContain('node3 heads_agree');
    },
    TIMEOUT_MS,
  );

  test(
    'of another chain than the one that is voted on each costs a line, and nobody is asked for keys',
    async () => {
      const file = endorserFile('http://127.0.0.1:1', { chainId: 'NetXdQprcVkpaWU' });
      const report = await doctor(file);
      const each = nodes.map(({ name }) => `${name} chain_id`);
      expect(ills(report)).toEqual([
        ...each,
        'nodes quorum',
        `${workshop.keys[0].pkh} key_registered`,
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    'one of a younger chain with the same id is found out, and a key of nobody too',
    async () => {
      await untilLevel(10);
      // A chain id says only which genesis block a chain began with.
      const other = (await start('sandbox', ['--nodes', '1', '--seed', '7'])) as unknown as {
        nodes: readonly Node[];
      };
      const stranger = { name: 'stranger', url: other.nodes[0]?.url ?? '' };
      const nobody = 'tz1Ke2h7sDdakHJQh8WX4Z372du1KChsksyU';
      const file = endorserFile('http://127.0.0.1:1', {
        nodes: [...nodes, stranger],
        keys: [nobody],
      });
      expect(ills(await doctor(file))).toEqual([
        'stranger heads_agree',
        `${nobody} key_registered`,
      ]);
    },
    TIMEOUT_MS,
  );
});

describe('with a real signer', () => {
  test(
    'marks that are missing or above the head fail',
    async () => {
      const other = newWorkshop();
      try {
        const { port } = await startSigner({ ...other, keys: workshop.keys });
        const file = endorserFile(`http://127.0.0.1:${port}`);
        const empty = await doctor(file);
        expect(failing(empty)).toEqual(['marks_present']);
        expect(empty.status).toBe(1);
        await stopAll(started.splice(0));
        await poison(other);
        const again = await startSigner({ ...other, keys: workshop.keys });
        const poisoned = await doctor(endorserFile(`http://127.0.0.1:${again.port}`));
        expect(failing(poisoned)).toEqual(['marks_below_head']);
      } finally {
        await stopAll(started.splice(0));
        other.remove();
      }
    },
    TIMEOUT_MS,
  );
});

function failing({ checks }: Report): readonly string[] {
  return checks.filter(({ status }) => status === 'fail').map(({ check }) => check);
}

/** A signer that holds its store already. */
async function startSigner(where: Workshop): Promise<{ readonly port: string }> {
  const config = where.configure('signer', {
    ...{ site: SITE, chains: [chainId], listen: { port: 0 }, operations: { port: 0 } },
    ...{ store: where.store, journal: where.journal },
    keys: keysOf(where),
  });
  const { port, operationsPort } = await start('signer', ['--config', config]);
  const status = `http://127.0.0.1:${String(operationsPort)}/status`;
  await expect.poll(() => json(status), { interval: 50 }).toMatchObject({ holdsStore: true });
  return { port: String(port) };
}

/** Rows whose floor is far above every head: what a bad import leaves behind. */
async function poison({ store: path, journal }: Workshop): Promise<void> {
  const store = openSqliteStore(path, openJournal(journal));
  const holder = { site: SITE, epoch: 0, incarnation: 'test', generation: 0 };
  const floor = { level: level(POISONED_LEVEL), round: round(0) };
  const authority = {
    ...holder,
    epoch: 1,
    by: 'first_use',
    maxLevel: NO_MAX_LEVEL,
    floor,
  } as const;
  const key = { chainId, pkh: workshop.keys[0].pkh };
  const made = changeOf(key, KINDS, (row, of) => provision(row, of, holder, floor, 'new'));
  const taken = changeOfRows(key, KINDS, row => takeOver(row, authority));
  for (const change of [made, taken]) {
    const changed = await store.administer(key, change);
    if (!changed.ok) throw new Error(changed.error);
  }
  await store.close();
}
