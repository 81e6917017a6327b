import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { SecretKey } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { ask, json, listenTo } from './http-fixture.ts';
import type { JudgedRight } from './scoreboard.ts';
import { voteOnEverything } from './voter-fixture.ts';

const BIN = join(import.meta.dirname, '../bin.mjs');
/** Starting Node, and a few levels of a second each. */
const LONG_MS = 30_000;
const SHUTDOWN_MS_MAX = 300;

type Ended = {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
};

type Running = {
  readonly nodes: readonly { readonly name: string; readonly url: string }[];
  readonly control: string;
  readonly signal: (name: 'SIGTERM' | 'SIGINT') => void;
  readonly ended: Promise<Ended>;
};

const running: Running[] = [];
afterEach(async () => {
  for (const { signal, ended } of running.splice(0)) {
    signal('SIGTERM');
    await ended;
  }
});

function run(args: readonly string[]): {
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, [BIN, ...args]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (err += part.toString()));
  const ended = new Promise<Ended>(resolve => {
    child.on('close', status => {
      resolve({ status, out, err });
    });
  });
  return { child, ended };
}

/** Starts a sandbox; done when it says that it is ready. */
async function start(args: readonly string[]): Promise<Running> {
  const { child, ended } = run(args);
  let text = '';
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.includes('\n')) resolve(text);
    });
    void ended.then(({ err }) => {
      reject(new Error(err));
    });
  });
  const { nodes, control } = JSON.parse(line) as Pick<Running, 'nodes' | 'control'>;
  const sandbox = {
    nodes,
    control,
    ended,
    signal: (name: NodeJS.Signals) => void child.kill(name),
  };
  running.push(sandbox);
  return sandbox;
}

describe('the command line', () => {
  test(
    'help names options and faults',
    async () => {
      const { status, out, err } = await run(['--help']).ended;
      expect({ status, err }).toEqual({ status: 0, err: '' });
      for (const word of ['--guest', '--fault', '--control-port', 'blackhole', 'lying']) {
        expect(out).toContain(word);
      }
    },
    LONG_MS,
  );

  test(
    'nonsense ends with 2 and one line',
    async () => {
      const nonsense = [
        ['--nosuch'],
        ['extra'],
        ['--nodes', '0'],
        ['--fault', 'node9=slow'],
        ['--ready-fd', '99'],
      ];
      const ends = await Promise.all(nonsense.map(args => run(args).ended));
      for (const { status, out, err } of ends) {
        expect({ status, out }).toEqual({ status: 2, out: '' });
        expect(err).toMatch(/^meridian-sandbox: [^\n]+\n$/);
      }
    },
    LONG_MS,
  );

  test(
    'a signal ends it at once, with streams open',
    async () => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) {
        const sandbox = await start(['--nodes', '2']);
        const url = sandbox.nodes[1]?.url ?? '';
        const heads = await listenTo(`${url}/monitor/heads/main`);
        const since = performance.now();
        sandbox.signal(name);
        expect(await sandbox.ended).toMatchObject({ status: 0, err: '' });
        expect(performance.now() - since).toBeLessThan(SHUTDOWN_MS_MAX);
        expect(await heads.over).toBe('cut');
      }
    },
    LONG_MS,
  );
});

describe('a sandbox in real time', () => {
  test(
    'a guest that votes at a node is attested, one that does not has missed, and faults come',
    async () => {
      const [active, idle] = [31, 32].map(fill =>
        secretKeyOfSeed('tz1', new Uint8Array(32).fill(fill)),
      );
      if (active === undefined || idle === undefined) throw new Error('two keys');
      const guests = [active, idle].flatMap(key => ['--guest', `${publicKeyOf(key)}:30`]);
      const sandbox = await start(['--nodes', '3', ...guests, '--fault', 'node3=refuse']);
      const stop = await voteOnEverything(sandbox.nodes[0]?.url ?? '', active);
      const levels = await listenTo(`${sandbox.control}/levels`);
      const rightsIn = (text: string): readonly JudgedRight[] =>
        text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as JudgedRight]));
      // Real time promises no level to a busy machine, so: as many levels as it takes to attest two.
      const text = await levels.until(
        all => rightsIn(all).filter(({ attested }) => attested).length >= 2,
      );
      const judged = rightsIn(text);
      const of = (key: SecretKey): readonly JudgedRight[] =>
        judged.filter(({ delegate }) => delegate === publicKeyHashOf(publicKeyOf(key)));
      for (const right of of(active).filter(({ attested }) => attested)) {
        expect(right.preattestationMs).not.toBeNull();
        expect(right.attestationMs).not.toBeNull();
      }
      expect(of(idle).length).toBeGreaterThan(0);
      for (const right of of(idle)) {
        expect(right).toMatchObject({
          attested: false,
          preattestationMs: null,
          attestationMs: null,
        });
      }
      const summary = (await json(`${sandbox.control}/summary`)) as Record<string, number>;
      expect(summary['rights']).toBeGreaterThanOrEqual(judged.length);
      expect(summary).toMatchObject({ doubleSigns: 0, baked: 0 });
      const sick = sandbox.nodes[2]?.url ?? '';
      await expect(ask(`${sick}/version`)).rejects.toThrow(/ECONNREFUSED/);
      stop();
      levels.stop();
      await ask(`${sandbox.control}/stop`, 'POST');
      expect(await sandbox.ended).toMatchObject({ status: 0, err: '' });
    },
    LONG_MS,
  );
});
