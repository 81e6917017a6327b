import { exec, execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { startApp, type Child } from './child.ts';
import { newWorkshop, type Workshop } from './start/workshop.ts';

/*
 * The way of a newcomer, by the commands that `meridian init` prints, against nodes of the sandbox.
 */

const APPS = join(import.meta.dirname, '../../apps');
const TIMEOUT_MS = 90_000;

type Ready = { readonly nodes: readonly { readonly name: string; readonly url: string }[] };
type Written = { readonly files: readonly string[]; readonly next: readonly string[] };

let workshop: Workshop | undefined;
const started: Child[] = [];
const told: string[] = [];

function start(app: string, args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const child = startApp(app, args, app, line => told.push(line));
  started.push(child);
  return child.ready;
}

afterEach(async () => {
  for (const child of started) child.kill('SIGTERM');
  await Promise.all(started.splice(0).map(({ ended }) => ended));
  workshop?.remove();
  vi.unstubAllEnvs();
});

/** What `meridian init` writes and says, without asking anything. */
async function written(
  { folder, keys: [key] }: Workshop,
  nodes: Ready['nodes'],
  signer: string,
): Promise<Written> {
  const named = nodes.flatMap(({ name, url }) => ['--node', `${name}=${url}`]);
  const flags = ['--out', folder, '--key', key.pkh, '--secret-file', key.secretFile];
  const main = join(APPS, 'operator/src/main.ts');
  const args = [main, 'init', '--json', '--force', ...flags, ...named, '--signer', signer];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Written;
}

const until = (words: string): Promise<void> =>
  expect.poll(() => told.join('\n'), { timeout: TIMEOUT_MS }).toContain(words);
const votes = (): readonly string[] => told.filter(line => line.includes('"event":"vote"'));

/** The program behind `npx`, which the tests do not wait for. */
function typed(command: string): string {
  const signer = `"${process.execPath}" "${join(APPS, 'signer/src/main.ts')}"`;
  return command.replace(/^npx --no -- meridian-signer/, signer);
}

test(
  'a new key votes after the commands that init prints, and not before',
  async () => {
    for (const app of ['SIGNER', 'ENDORSER']) vi.stubEnv(`MERIDIAN_${app}_OPERATIONS_PORT`, '0');
    workshop = newWorkshop();
    const guest = ['--guest', workshop.keys[0].publicKey];
    const { nodes } = (await start('sandbox', ['--nodes', '3', ...guest])) as unknown as Ready;
    vi.stubEnv('MERIDIAN_SIGNER_LISTEN_PORT', '0');
    await written(workshop, nodes, 'http://127.0.0.1:6732');
    const { port } = await start('signer', ['--config', join(workshop.folder, 'signer.yaml')]);
    await until('"event":"holds_store"');
    // Where it listens is known only now.
    const { next } = await written(workshop, nodes, `http://127.0.0.1:${String(port)}`);
    await start('endorser', ['--config', join(workshop.folder, 'endorser.yaml')]);
    await until('"unknown_row"');
    expect(votes()).toEqual([]);
    const [command] = next.filter(each => each.includes('watermark init'));
    const { stdout } = await promisify(exec)(typed(command ?? ''));
    expect(stdout.match(/: active, home epoch 1, floor/g)).toHaveLength(3);
    await expect.poll(votes, { timeout: TIMEOUT_MS }).not.toEqual([]);
  },
  TIMEOUT_MS,
);
