import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArguments } from './arguments.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const TIMEOUT_MS = 60_000;

/** The processes that descend from one, with all that they started. */
function descendants(of: number): readonly number[] {
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => parentOf(pid) === of)
    .map(Number);
  return [...children, ...children.flatMap(descendants)];
}

/** The parent of a process that runs; undefined for one that has ended, even if nobody has taken note of it yet. */
function parentOf(pid: string): number | undefined {
  try {
    const [, state, parent] = /\) (\w) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

describe('the demonstration', () => {
  test(
    'attests every right through five nodes of which one is refusing, and leaves no process behind',
    async () => {
      const args = ['--levels', '4', '--json', '--fault', 'node2=refuse@1s'];
      const child = spawn(process.execPath, [MAIN, ...args], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let out = '';
      child.stdout.on('data', (data: Buffer) => (out += data.toString()));
      const [status] = (await once(child, 'close')) as [number];
      const summary = JSON.parse(out.trim().split('\n').at(-1) ?? '') as Record<string, number>;
      expect(summary).toMatchObject({ levels: 4, missed: 0, doubleSigns: 0 });
      expect(summary['rights']).toBeGreaterThan(0);
      expect(summary['attested']).toBe(summary['rights']);
      expect(status).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    'after kill -9 of the launcher no process of it is left within a second',
    async () => {
      const child = spawn(process.execPath, [MAIN, '--json'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      for await (const data of child.stderr) {
        if ((data as Buffer).toString().includes('"vote"')) break;
      }
      const started = descendants(child.pid ?? 0);
      expect(started.length).toBeGreaterThanOrEqual(4);
      child.kill('SIGKILL');
      const alive = (): number =>
        started.filter(pid => parentOf(pid.toString()) !== undefined).length;
      await expect.poll(alive, { timeout: 1_000, interval: 50 }).toBe(0);
    },
    TIMEOUT_MS,
  );
});

describe('its arguments', () => {
  test.each([
    [['--levels', 'many'], /--levels/],
    [['--nonsense'], /nonsense/],
  ])('%j are refused in one line', (args, why) => {
    expect(() => readArguments(args)).toThrow(why);
  });

  test('several faults are passed on as they are', () => {
    const read = readArguments(['--fault', 'node1=slow', '--fault', 'node2=refuse@5s']);
    expect(read).toMatchObject({ faults: ['node1=slow', 'node2=refuse@5s'], levels: undefined });
  });
});
