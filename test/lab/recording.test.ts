import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { descendants, parentOf } from './processes.ts';

/*
 * The whole system with a node that lies and an endorser that records, killed in the middle; then its recording replays.
 */

const START = join(import.meta.dirname, 'start/main.ts');
const MERIDIAN = join(import.meta.dirname, '../../apps/operator/src/main.ts');
const TIMEOUT_MS = 90_000;
const VOTES = 8;

let folder: string;
/** Votes as the endorser logged them before the kill. */
const logged: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meridian-recordings-'));
  const args = ['--json', '--fault', 'node2=lying@1s', '--record', folder];
  const child = spawn(process.execPath, [START, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.startsWith('{')) continue;
    const { event, ...vote } = JSON.parse(line) as { event: string } & Parameters<typeof nameOf>[0];
    if (event === 'vote' && logged.push(nameOf(vote)) === VOTES) break;
  }
  const started = descendants(child.pid ?? 0);
  child.kill('SIGKILL');
  const isOver = (): boolean => started.every(pid => parentOf(pid) === undefined);
  await vi.waitUntil(isOver, { timeout: TIMEOUT_MS, interval: 50 });
}, TIMEOUT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Vote = { readonly kind: string; readonly level: number; readonly round: number };
const nameOf = ({ kind, level, round }: Vote): string =>
  `${kind} ${level.toString()}/${round.toString()}`;

type Replayed = {
  readonly files: readonly { readonly events: number }[];
  readonly votes: readonly (Vote & { readonly operationHash: string })[];
  readonly difference: { readonly what: string; readonly line: number } | null;
};

async function replay(path: string): Promise<{ readonly status: number; readonly json: Replayed }> {
  const child = spawn(process.execPath, [MERIDIAN, 'replay-recording', path, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  const [status] = (await once(child, 'close')) as [number];
  return { status, json: JSON.parse(out) as Replayed };
}

const recording = (): string =>
  join(folder, readdirSync(folder).find(name => name.startsWith('recording-')) ?? '');

test(
  'the recording of an endorser that was killed replays to the votes that it cast, byte for byte',
  async () => {
    const { status, json } = await replay(folder);
    expect(json.difference).toBeNull();
    expect(status).toBe(0);
    expect(json.files[0]?.events).toBeGreaterThan(100);
    // The last votes before a kill may not have reached the disk.
    const replayed = json.votes.map(nameOf);
    expect(replayed).toEqual(expect.arrayContaining(logged.slice(0, -2)));
    for (const { operationHash } of json.votes) expect(operationHash).toMatch(/^o/);
    expect(readFileSync(recording(), 'utf8')).toContain('"node":"node2"');
  },
  TIMEOUT_MS,
);

test(
  'one byte that was changed in a vote is found where it stands',
  async () => {
    const text = readFileSync(recording(), 'utf8');
    const at = text.indexOf('"inject":["') + '"inject":["'.length;
    const other = text[at] === '0' ? '1' : '0';
    const changed = join(folder, 'changed.ndjson');
    writeFileSync(changed, text.slice(0, at) + other + text.slice(at + 1));
    const { status, json } = await replay(changed);
    expect(status).toBe(1);
    const line = text.slice(0, at).split('\n').length;
    expect(json.difference).toMatchObject({ what: 'injected', line });
  },
  TIMEOUT_MS,
);

test(
  'a recording that was cut off anywhere replays up to there',
  async () => {
    const bytes = readFileSync(recording());
    const cut = join(folder, 'cut.ndjson');
    writeFileSync(cut, bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length / 2) - 1));
    const { status, json } = await replay(cut);
    expect(status).toBe(0);
    expect(json.files[0]).toMatchObject({ isCut: true });
  },
  TIMEOUT_MS,
);
