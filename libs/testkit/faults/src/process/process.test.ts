import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test, vi } from 'vitest';
import { haltPoints, startProcess, withPoints } from '../index.ts';
import type { Process, ProcessOptions } from './process.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const started: Process[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) await child.kill();
});

const INDEX = JSON.stringify(join(import.meta.dirname, '../index.ts'));

function run(program: string, more: Partial<ProcessOptions> = {}): Process {
  const args = ['--input-type=module', '-e', program];
  const child = startProcess({ command: process.execPath, args, ...more });
  started.push(child);
  return child;
}

/** Says a line with each number, for ever. */
const TICKS = `
  let n = 0;
  console.log('pid ' + process.pid);
  setInterval(() => console.log((n += 1)), 1);`;

test('a program runs with its environment, is ready with its line, and ends with its status', async () => {
  const child = run(
    `console.log('first'); console.error('second'); console.log(process.env.A);
       setTimeout(() => process.exit(3), 1)`,
    { env: { A: 'third' }, ready: /rd$/ },
  );
  expect(await child.ready).toBe('third');
  expect(await child.ended).toEqual({ status: 3, signal: null });
  expect([...child.output()].sort()).toEqual(['first', 'second', 'third']);
});

test('who ends before being ready says why', async () => {
  await expect(run(`console.error('the reason')`).ready).rejects.toThrow(/ended.*\n.*the reason/);
  const absent = startProcess({ command: '/no/such/program', args: [] });
  await expect(absent.ready).rejects.toMatchObject({ code: 'not_started' });
  expect((await absent.ended).status).toBe(127);
});

test('a process is paused and goes on, is killed or stopped', async () => {
  const child = run(TICKS);
  expect(await child.ready).toBe(`pid ${child.pid}`);
  await child.pause();
  // What it had said before may still be on the way.
  let last: string | undefined;
  const isStill = (): boolean => last === (last = child.output().at(-1));
  await expect.poll(isStill, { timeout: 20_000, interval: 300 }).toBe(true);
  child.resume();
  await expect.poll(isStill, { timeout: 20_000, interval: 300 }).toBe(false);
  await child.pause();
  expect(await child.kill()).toEqual({ status: null, signal: 'SIGKILL' });
  const other = run(TICKS);
  await other.ready;
  await other.pause();
  expect(await other.stop()).toEqual({ status: null, signal: 'SIGTERM' });
});

test.each(['running', 'paused'])(
  'a %s process ends when the one that started it is killed',
  async how => {
    const parent = spawn(
      process.execPath,
      [
        ...['--input-type=module', '-e'],
        `import { startProcess } from ${INDEX};
         const args = ['-e', ${JSON.stringify(TICKS)}];
         const child = startProcess({ command: process.execPath, args });
         await child.ready;
         if (${how === 'paused'}) await child.pause();
         console.log(child.pid);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const alive = (): boolean => {
      try {
        return process.kill(Number(line), 0);
      } catch {
        return false;
      }
    };
    expect(alive()).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(alive, { timeout: 50_000 }).toBe(false);
  },
);

/** Calls a part twice, and says what it learns. */
const CALLS = `
  import { haltPoints, withPoints } from ${INDEX};
  import { writeSync } from 'node:fs';
  const say = text => writeSync(1, text + '\\n');
  const part = { keep: async n => (await new Promise(setImmediate), say('kept ' + n), n) };
  const store = withPoints('store', part, haltPoints());
  for (const n of [1, 2]) say('told ' + (await store.keep(n)));`;

test.each([
  ['store.keep.before', []],
  ['store.keep.after', ['kept 1']],
  ['store.keep.before#2', ['kept 1', 'told 1']],
  ['store.keep.after#2', ['kept 1', 'told 1', 'kept 2']],
])('a program dies at %s', async (haltAt, output) => {
  const child = run(CALLS, { haltAt });
  expect(await child.ended).toEqual({ status: null, signal: 'SIGKILL' });
  expect(child.output()).toEqual(output);
});

test('a program that does not come by its point, or has none, ends in its own way', async () => {
  for (const halt of [{ haltAt: 'store.keep.after#3' }, {}]) {
    expect(await run(CALLS, halt).ended).toEqual({ status: 0, signal: null });
  }
});

test('a part with points is what it was: its values, its errors, and what it says at once', async () => {
  const points: string[] = [];
  class Part {
    #secret = 'hidden';
    readonly size = 2;
    now(): string {
      return this.#secret;
    }
    fails(): Promise<never> {
      return Promise.reject(new Error(this.#secret));
    }
  }
  const part = withPoints('part', new Part(), point => points.push(point));
  expect([part.size, part.now()]).toEqual([2, 'hidden']);
  await expect(part.fails()).rejects.toThrow('hidden');
  expect(points).toEqual(['part.now.before', 'part.now.after', 'part.fails.before']);
});

test('nothing is halted but by the point that is named, as often as it says', () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  haltPoints({})('');
  haltPoints({ MERIDIAN_HALT_AT: 'a' })('b');
  const reached = haltPoints({ MERIDIAN_HALT_AT: 'a#2' });
  reached('a');
  expect(kill).not.toHaveBeenCalled();
  reached('a');
  expect(kill).toHaveBeenCalledWith(process.pid, 'SIGKILL');
  kill.mockRestore();
  expect(() => haltPoints({ MERIDIAN_HALT_AT: 'a#b' })).toThrow('MERIDIAN_HALT_AT');
});
