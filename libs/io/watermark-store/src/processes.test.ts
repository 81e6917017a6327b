import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { activate, pkhOf, request } from './fixtures.ts';
import { openJournal, openSqliteStore, waitForSqliteStore } from './index.ts';

/** What only processes of their own can show: who holds a file, and what is left when one dies or its disk is full. */
vi.setConfig({ testTimeout: 30_000 });
let folder = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, 'store');
const file = () => join(path(), 'watermark.sqlite');
const journal = () => join(folder, 'journal.sqlite');
const open = () => openSqliteStore(path(), openJournal(journal()));
const waitFor = () => waitForSqliteStore(path(), journal(), AbortSignal.timeout(10_000));
/** More bytes than a new store has, and fewer than the log of the signatures that the program makes. */
const FILE_BLOCKS_MAX = 400;

/**
 * Waits for the store, tells its code when it cannot, and signs the payload of its letter at level after level until
 * somebody or something stops it. With `dies` its journal kills it instead of noting the third level, with `fills` the
 * journal is so much longer than the store that a full disk is full for it first.
 */
const PROGRAM = `
  import { openJournal, openSqliteStore, waitForSqliteStore }
    from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
  import { activate, pkhOf, request } from ${JSON.stringify(join(import.meta.dirname, 'fixtures.ts'))};
  const [, folder, file, payload, what] = process.argv;
  try {
    const journal = what === 'waits' ? undefined : openJournal(file);
    const note = rows => {
      if (rows.some(({ level }) => level === 12)) process.kill(process.pid, 'SIGKILL');
      journal.note(rows);
    };
    const store = journal === undefined
      ? await waitForSqliteStore(folder, file, AbortSignal.timeout(10_000))
      : openSqliteStore(folder, what === 'dies' ? { ...journal, note } : journal);
    if (what !== 'waits') await activate(store);
    const [row] = await store.rows();
    const others = Array.from({ length: 200 }, (_, at) => ({ ...row, pkh: pkhOf(at + 2) }));
    if (what === 'fills') journal.learn(others);
    for (let level = 10; ; level += 1) {
      const { ok, error } = await store.advance(request({ level, payload }));
      if (ok) console.log(level);
      else if (error.code !== 'below_mark' && error.code !== 'conflicting_vote') throw error;
    }
  } catch (error) {
    console.log(error.code);
  }`;

type What = 'opens' | 'waits' | 'dies' | 'fills';

function run(
  what: What = 'opens',
  payload = 'A',
  before = '',
): { child: ChildProcess; lines: () => Promise<string[]> } {
  const command = `${before} exec "$0" --input-type=module -e "$@"`;
  const given = [PROGRAM, path(), journal(), payload, what];
  const child = spawn('/bin/sh', ['-c', command, process.execPath, ...given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', line => lines.push(line));
  const closed = once(reader, 'close');
  return { child, lines: () => closed.then(() => lines) };
}

test('a file is held by one process, which need not have written to it', async () => {
  const first = open();
  await activate(first);
  await first.close();
  const store = open();
  expect(await run().lines()).toEqual(['busy']);
  // A second try of this very process must not let go of it either.
  expect(() => open()).toThrow(/holds the store/);
  expect(await run().lines()).toEqual(['busy']);
  await store.close();
});

test('kill -9 in the midst of signing loses nothing, and the next process takes over', async () => {
  const { child, lines } = run();
  await once(child.stdout!, 'data');
  const waiting = waitFor();
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

test('kill -9 after the store has a mark and before the journal has: nothing is wrong, and the very same may be signed', async () => {
  const { lines } = run('dies');
  expect(await lines()).toEqual(['10', '11']);
  const known = openJournal(journal());
  expect(known.rows()).toMatchObject([{ level: 11 }]);
  known.close();
  const store = open();
  expect(store.findings).toEqual([]);
  expect(await store.rows()).toMatchObject([{ level: 12, mode: 'active' }]);
  const other = await store.advance(request({ level: 12, payload: 'B' }));
  expect(other).toMatchObject({ error: { code: 'conflicting_vote' } });
  expect(await store.advance(request({ level: 12 }))).toMatchObject({ ok: true });
  expect(store.journal.rows()).toMatchObject([{ level: 12 }]);
  await store.close();
});

test('a store that is replaced under one signer while another one waits: no level is signed by both', async () => {
  await open().close();
  const first = run('opens', 'A');
  await once(first.child.stdout!, 'data');
  const second = run('waits', 'B');
  copyFileSync(file(), `${file()}.copy`);
  await once(first.child.stdout!, 'data');
  renameSync(`${file()}.copy`, file());
  const signed = await first.lines();
  expect(signed.pop()).toBe('replaced');
  // The second one finds what the first left, whatever that is; then it signs above, or it does not sign at all.
  const deadline = AbortSignal.timeout(10_000);
  await Promise.race([second.lines(), once(second.child.stdout!, 'data', { signal: deadline })]);
  second.child.kill('SIGKILL');
  const others = (await second.lines()).filter(line => /^\d+$/.test(line));
  expect(others.filter(line => signed.includes(line))).toEqual([]);
});

test.each([
  ['store', 'opens'],
  ['journal', 'fills'],
] as const)(
  'a disk that is full for the %s permits nothing, and what was permitted before is kept',
  async (which, what) => {
    const lines = await run(what, 'A', `ulimit -f ${FILE_BLOCKS_MAX.toString()};`).lines();
    expect(lines.at(-1)).toBe('unavailable');
    const last = Number(lines.at(-2));
    expect(last).toBeGreaterThan(10);
    const store = open();
    expect(store.findings.filter(({ known }) => known.pkh === pkhOf(1))).toEqual([]);
    const [row] = await store.rows();
    expect(row?.level).toBeGreaterThanOrEqual(last);
    if (which === 'journal') expect(row?.level).toBe(last + 1);
    const other = await store.advance(request({ level: last, payload: 'B' }));
    expect(other).toMatchObject({ ok: false });
    await store.close();
  },
);
