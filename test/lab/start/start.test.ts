import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { descendants, parentOf } from '../processes.ts';
import { readArguments } from './arguments.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const ROOT = join(import.meta.dirname, '../../..');
const TIMEOUT_MS = 60_000;
const FIRST_VOTE_MAX_MS = 5_000;

describe('the demonstration', () => {
  test(
    'attests every right by two endorsers, through five nodes of which one is refusing, with no alarm',
    async () => {
      const args = ['--levels', '4', '--json', '--fault', 'node2=refuse@1s', '--endorsers', '2'];
      const child = spawn(process.execPath, [MAIN, ...args], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let out = '';
      child.stdout.on('data', (data: Buffer) => (out += data.toString()));
      const [status] = (await once(child, 'close')) as [number];
      const summary = JSON.parse(out.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
      expect(summary).toMatchObject({ levels: 4, missed: 0, doubleSigns: 0 });
      expect(summary).toMatchObject({ endorsers: 2, shared: 0, alarms: {} });
      // The promise is 1 s, of a machine that has nothing else to do.
      expect((summary['startToFirstVoteMs'] as { p99: number }).p99).toBeLessThan(
        FIRST_VOTE_MAX_MS,
      );
      expect(summary['rights']).toBeGreaterThan(0);
      expect(summary['attested']).toBe(summary['rights']);
      expect(status).toBe(0);
    },
    TIMEOUT_MS,
  );

  test.each([
    ['npm', ['npm', 'start', '--', '--json'], []],
    ['the launcher', ['node', MAIN, '--json'], []],
    ['the shell that npm starts it in', ['npm', 'start', '--', '--json'], ['sh']],
  ] as const)(
    'after kill -9 of %s no process of it is left within a second',
    async (_who, [program, ...args], below) => {
      const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
      for await (const data of child.stderr) {
        if ((data as Buffer).toString().includes('"vote"')) break;
      }
      const started = descendants(child.pid ?? 0);
      expect(started.length).toBeGreaterThanOrEqual(4);
      process.kill(below.length === 0 ? (child.pid ?? 0) : (started[0] ?? 0), 'SIGKILL');
      const alive = (): number => started.filter(pid => parentOf(pid) !== undefined).length;
      await expect.poll(alive, { timeout: 1_000, interval: 50 }).toBe(0);
    },
    TIMEOUT_MS,
  );
});

describe('its arguments', () => {
  test.each([
    [['--levels', 'many'], /--levels/],
    [['--endorsers', '0'], /--endorsers/],
    [['--endorsers', '3e0'], /--endorsers/],
    [['--nonsense'], /nonsense/],
  ])('%j are refused in one line', (args, why) => {
    expect(() => readArguments(args)).toThrow(why);
  });

  test('several faults and a scenario are passed on as they are', () => {
    const faults = ['--fault', 'node1=slow', '--fault', 'node2=refuse@5s'];
    const read = readArguments([...faults, '--scenario', 'rounds.yaml']);
    expect(read).toMatchObject({ faults: ['node1=slow', 'node2=refuse@5s'], levels: undefined });
    expect(read).toMatchObject({ scenario: 'rounds.yaml' });
  });
});
