import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type * as Files from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { instant } from '@meridian/prelude';
import { openAudit, type OpenAudit } from '../audit.ts';
import { verifyAudit } from './verify.ts';

/* A disk that fails at one kind of call, the first or a later one; that takes pieces, or nothing and says that it did. */
const disk = vi.hoisted(() => ({
  failing: '',
  after: 0,
  piece: Infinity,
  isDeaf: false,
  calls: [] as string[],
}));

vi.mock('node:fs', async importOriginal => {
  const fs = await importOriginal<typeof Files>();
  const names = new Map<number, string>();
  const nameOf = (file: unknown): string =>
    (typeof file === 'number' ? names.get(file) : String(file)) ?? '';
  const faulty = <Act extends (...args: never[]) => unknown>(name: string, act: Act) =>
    ((...args: Parameters<Act>) => {
      disk.calls.push(`${name} ${nameOf(args[0]).split('/').at(-1) ?? ''}`);
      if (name === disk.failing && disk.after-- <= 0) throw new Error('the disk is full');
      const result = act(...args) as ReturnType<Act>;
      if (name === 'openSync') names.set(result as number, String(args[0]));
      return result;
    }) as unknown as Act;
  const writeSync = (file: number, bytes: Buffer, at: number, length: number, to: number) => {
    const taken = Math.min(length, disk.piece);
    return disk.isDeaf ? length : fs.writeSync(file, bytes, at, taken, to);
  };
  return {
    ...fs,
    openSync: faulty('openSync', fs.openSync),
    writeSync: faulty('writeSync', writeSync),
    fdatasyncSync: faulty('fdatasyncSync', fs.fdatasyncSync),
    fsyncSync: faulty('fsyncSync', fs.fsyncSync),
    linkSync: faulty('linkSync', fs.linkSync),
    renameSync: faulty('renameSync', fs.renameSync),
  };
});

const WHOLE = { failing: '', after: 0, piece: Infinity, isDeaf: false };
const TORN = '{"at":"2026-';

let [folder, path] = ['', ''];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meridian-set-aside-'));
  path = join(folder, 'audit.jsonl');
});
afterEach(() => {
  Object.assign(disk, WHOLE);
  rmSync(folder, { recursive: true });
});

const open = (): OpenAudit => openAudit(path, () => instant(0));
const ASIDE = 'audit.jsonl.damaged-1970-01-01T00-00-00.000Z';

/** Opens with a fault, which is an error, and then without. */
function failed(fault: Partial<typeof disk>): void {
  Object.assign(disk, WHOLE, fault);
  expect(open).toThrow(expect.objectContaining({ code: 'unwritable' }));
  Object.assign(disk, WHOLE);
}

test.each<[string, Partial<typeof disk>]>([
  ['what is damaged cannot be synchronised', { failing: 'fdatasyncSync' }],
  ['it gets no second name', { failing: 'linkSync' }],
  ['that name cannot be synchronised', { failing: 'fsyncSync' }],
  ['no other file can be made', { failing: 'openSync', after: 2 }],
  ['nothing can be written to that', { failing: 'writeSync' }],
  ['what was written is not there', { isDeaf: true }],
  ['nothing of it is taken', { piece: 0 }],
  ['what was written cannot be synchronised', { failing: 'fdatasyncSync', after: 1 }],
  ['it does not get its place', { failing: 'renameSync' }],
])('nothing is left of a try to set a file aside where %s', async (_what, fault) => {
  writeFileSync(path, TORN);
  failed(fault);
  expect(readdirSync(folder)).toEqual([basename(path)]);
  expect(readFileSync(path, 'utf8')).toBe(TORN);
  open().close();
  expect(readdirSync(folder)).toEqual([basename(path), ASIDE]);
  expect(await verifyAudit(path)).toMatchObject({ broken: undefined, lines: 1 });
});

test('what is damaged keeps its name where the new file is in its place already', () => {
  writeFileSync(path, TORN);
  failed({ failing: 'fsyncSync', after: 1 });
  expect(readdirSync(folder)).toEqual([basename(path), ASIDE]);
  expect(readFileSync(join(folder, ASIDE), 'utf8')).toBe(TORN);
  expect(open().setAside).toBeUndefined();
});

test('what is damaged is durable, and its second name is, before another file takes its place', () => {
  writeFileSync(path, TORN);
  disk.calls = [];
  open().close();
  const seen = disk.calls.filter(call => /sync|link|rename/.test(call));
  expect(seen).toEqual([
    'fdatasyncSync audit.jsonl',
    'linkSync audit.jsonl',
    `fsyncSync ${basename(folder)}`,
    `fdatasyncSync ${ASIDE}.next`,
    `renameSync ${ASIDE}.next`,
    `fsyncSync ${basename(folder)}`,
  ]);
});

test('a disk that takes a piece at a time gets all of the first line', async () => {
  writeFileSync(path, TORN);
  disk.piece = 7;
  open().close();
  expect(await verifyAudit(path)).toMatchObject({ broken: undefined, lines: 1 });
});

test('a file that a link leads to is set aside beside itself, and the link stays', () => {
  mkdirSync(join(folder, 'far'));
  writeFileSync(join(folder, 'far/real.jsonl'), TORN);
  symlinkSync(join(folder, 'far/real.jsonl'), path);
  open().close();
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
  expect(readdirSync(join(folder, 'far'))).toEqual([
    'real.jsonl',
    'real.jsonl.damaged-1970-01-01T00-00-00.000Z',
  ]);
  expect(readdirSync(folder)).toEqual(['audit.jsonl', 'far']);
});

test('the new file is for whom the damaged one was', () => {
  writeFileSync(path, TORN);
  chmodSync(path, 0o640);
  if (process.getuid?.() === 0) chownSync(path, 1234, 1235);
  const { uid, gid } = statSync(path);
  open().close();
  const { mode, ...owners } = statSync(path);
  expect([mode & 0o777, owners.uid, owners.gid]).toEqual([0o640, uid, gid]);
});

test('an empty file in a folder that cannot be synchronised is written to all the same', async () => {
  disk.failing = 'fsyncSync';
  const audit = open();
  audit.record('one', {});
  audit.close();
  expect(await verifyAudit(path)).toMatchObject({ broken: undefined, lines: 1 });
});
