import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { root } from './skeleton.ts';

const GONE_WITHIN_MS = 1_000;
// Each test starts two or three processes, on a machine that runs other tests at the same time.
vi.setConfig({ testTimeout: 20_000 });
const folder = mkdtempSync(join(tmpdir(), 'meridian-launch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A way to start a program: this Node, and what the launcher is made to believe. */
type Launcher = { readonly node: string; readonly believes: string };

const NEW_NODE = { node: process.execPath, believes: '{}' };
const BELIEVES_OLD = {
  node: process.execPath,
  believes: '{ versionMajor: 20, findNode: () => process.execPath }',
};
const oldNode = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
  .map(place => join(place, 'node'))
  .find(path => existsSync(path) && majorOf(path) >= 20 && majorOf(path) < 24);
const REALLY_OLD = { node: oldNode ?? 'none', believes: '{}' };

describe('under Node 24', () => {
  test('the program runs in the process of the launcher', async () => {
    const { child, output } = start(NEW_NODE, 'console.log(process.pid); process.exitCode = 7;');
    expect(await once(child, 'close')).toEqual([7, null]);
    expect(output.join('').trim()).toBe(child.pid?.toString());
  });

  test('the command line is found', () => expectHelp(process.execPath));
});

const noOldNode = oldNode === undefined;

describe('under a Node that believes to be an older one', () => launchesChild(BELIEVES_OLD));

// Not every machine has an older Node; what it would do is shown above.
describe.skipIf(noOldNode)('under an older Node (where there is one)', () => {
  launchesChild(REALLY_OLD);

  test('the command line is found', () => expectHelp(REALLY_OLD.node));
});

describe('without a Node that can', () => {
  test.each([
    ['none is installed', 'undefined', /^Node.js 20 is too old: install Node.js 24 or newer/],
    [
      'the installed one is broken',
      "'/nowhere/node'",
      /^cannot start \/nowhere\/node \(.*\): install/,
    ],
  ])('one line says what to install when %s', async (_, node, line) => {
    const believes = `{ versionMajor: 20, findNode: () => ${node} }`;
    const { child, errors } = start({ node: process.execPath, believes }, 'console.log(1);');
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(errors.join('')).toMatch(line);
    expect(errors.join('').trimEnd().split('\n')).toHaveLength(1);
  });
});

/** What holds for a program that runs in a child of the launcher. */
function launchesChild(launcher: Launcher): void {
  test('arguments, input, output and the status are passed on', async () => {
    const { child, output, errors } = start(
      launcher,
      `for await (const line of process.stdin) console.log(process.argv.slice(2).join() + line);
       console.log(Number.parseInt(process.versions.node) >= 24, process.pid !== process.ppid);
       process.exitCode = 7 as number;`,
    );
    child.stdin?.end('in');
    expect(await once(child, 'close')).toEqual([7, null]);
    expect(output.join('')).toBe('one,twoin\ntrue true\n');
    expect(errors.join('')).toBe('');
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s is passed on', async signal => {
    const { child, output } = start(
      launcher,
      `const waits = setInterval(() => undefined, 1_000);
       process.once('${signal}', name => { clearInterval(waits); process.exitCode = 3; console.log(name); });
       console.log('ready');`,
    );
    await once(child.stdout!, 'data');
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([3, null]);
    expect(output.join('')).toBe(`ready\n${signal}\n`);
  });

  test('the launcher dies of what its child died of', async () => {
    const { child } = start(launcher, "process.kill(process.pid, 'SIGKILL');");
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
  });

  test('a stubborn child ends within a second of a launcher that was killed', async () => {
    const { child } = start(
      launcher,
      `process.on('SIGTERM', () => console.log('not yet'));
       setInterval(() => undefined, 1_000);
       console.log('ready');`,
    );
    await once(child.stdout!, 'data');
    const killedAt = performance.now();
    child.kill('SIGKILL');
    // The last end of the output closes with the child, whoever inherits it.
    await once(child, 'close');
    expect(performance.now() - killedAt).toBeLessThan(GONE_WITHIN_MS);
  });

  test('what the program forks is not taken for the program', async () => {
    const { child, output } = start(
      launcher,
      `import { fork } from 'node:child_process';
       if (process.argv[2] === 'fork') process.on('message', text => { console.log(text); process.disconnect(); });
       else fork(import.meta.filename, ['fork']).send('heard');`,
    );
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output.join('')).toBe('heard\n');
  });
}

let started = 0;

/** Starts a TypeScript program through the launcher, with two arguments. */
function start(
  { node, believes }: Launcher,
  program: string,
): { child: ChildProcess; output: readonly string[]; errors: readonly string[] } {
  started += 1;
  const launch = pathToFileURL(join(root, 'apps/launch.mjs')).href;
  const bin = join(folder, `bin${started}.mjs`);
  writeFileSync(join(folder, `program${started}.mts`), program);
  writeFileSync(
    bin,
    `import { launch } from '${launch}';
     await launch(new URL('./program${started}.mts', import.meta.url), ${believes});`,
  );
  const child = spawn(node, [bin, 'one', 'two'], { stdio: 'pipe' });
  const [output, errors]: [string[], string[]] = [[], []];
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes.toString()));
  return { child, output, errors };
}

function majorOf(node: string): number {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return Number.parseInt(stdout.slice(1), 10);
}

function expectHelp(node: string): void {
  const args = [join(root, 'apps/operator/bin.mjs'), '--help'];
  const { status, stdout } = spawnSync(node, args, { encoding: 'utf8' });
  expect(stdout).toContain('Usage: meridian');
  expect(status).toBe(0);
}
