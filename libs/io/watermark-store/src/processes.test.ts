import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { activate, request } from './fixtures.ts';
import { openSqliteStore, waitForSqliteStore } from './index.ts';

/** What only processes of their own can show: who holds a file, and what is left when one dies or its disk is full. */
let folder = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, 'watermark.sqlite');
/** More bytes than a new store has, and fewer than the log of the signatures that the program makes. */
const FILE_BLOCKS_MAX = 400;

/** Opens the store, tells its code when it cannot, and signs level after level until somebody or something stops it. */
const PROGRAM = `
  import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
  import { activate, request } from ${JSON.stringify(join(import.meta.dirname, 'fixtures.ts'))};
  try {
    const store = openSqliteStore(process.argv[1]);
    await activate(store);
    for (let level = 10; ; level += 1) {
      await store.advance(request({ level }));
      console.log(level);
    }
  } catch (error) {
    console.log(error.code);
  }`;

function run(before: string): { child: ChildProcess; lines: () => Promise<string[]> } {
  const command = `${before} exec "$0" --input-type=module -e "$1" "$2"`;
  const child = spawn('/bin/sh', ['-c', command, process.execPath, PROGRAM, path()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', line => lines.push(line));
  const closed = once(reader, 'close');
  return { child, lines: () => closed.then(() => lines) };
}

test('a file is held by one process, which need not have written to it', async () => {
  const first = openSqliteStore(path());
  await activate(first);
  await first.close();
  const store = openSqliteStore(path());
  expect(await run('').lines()).toEqual(['busy']);
  // A second try of this very process must not let go of it either.
  expect(() => openSqliteStore(path())).toThrow(/holds the store/);
  expect(await run('').lines()).toEqual(['busy']);
  await store.close();
});

test('kill -9 in the midst of signing loses nothing, and the next process takes over', async () => {
  const { child, lines } = run('');
  await once(child.stdout!, 'data');
  const waiting = waitForSqliteStore(path(), AbortSignal.timeout(10_000));
  child.kill('SIGKILL');
  const signed = (await lines()).map(Number);
  const store = await waiting;
  const last = signed.at(-1)!;
  const [row] = await store.rows();
  expect(row?.level).toBeGreaterThanOrEqual(last);
  for (const level of signed) {
    const other = await store.advance(request({ level, payload: 'B' }));
    expect(other).toMatchObject({ ok: false });
  }
  expect(await store.advance(request({ level: last + 2 }))).toMatchObject({ ok: true });
  await store.close();
});

test('a disk that is full permits nothing, and what was permitted before is kept', async () => {
  const lines = await run(`ulimit -f ${FILE_BLOCKS_MAX.toString()};`).lines();
  expect(lines.at(-1)).toBe('unavailable');
  const last = Number(lines.at(-2));
  expect(last).toBeGreaterThan(10);
  const store = openSqliteStore(path());
  const [row] = await store.rows();
  expect(row?.level).toBeGreaterThanOrEqual(last);
  const other = await store.advance(request({ level: last, payload: 'B' }));
  expect(other).toMatchObject({ ok: false });
  await store.close();
});
