import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import type * as Files from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { instant } from '@meridian/prelude';
import { openAudit, type OpenAudit } from '../audit.ts';
import type { SetAside } from './set-aside.ts';
import { verifyAudit, verifyAudits } from './verify.ts';

/* At which call to the file system the power goes; what is not synchronised by then is lost. */
const power = vi.hoisted(() => ({ left: Infinity, unsynchronised: new Set<string>() }));

vi.mock('node:fs', async importOriginal => {
  const fs = await importOriginal<typeof Files>();
  const names = new Map<number, string>();
  const step = <Act extends (...args: never[]) => unknown>(
    act: Act,
    after: (args: Parameters<Act>, result: ReturnType<Act>) => void = () => undefined,
  ) =>
    ((...args: Parameters<Act>) => {
      if (power.left <= 0) throw new Error('the power is off');
      power.left -= 1;
      const result = act(...args) as ReturnType<Act>;
      after(args, result);
      return result;
    }) as unknown as Act;
  return {
    ...fs,
    openSync: step(fs.openSync, ([path], file) => names.set(file, String(path))),
    writeSync: step(fs.writeSync, ([file]) => power.unsynchronised.add(names.get(file) ?? '')),
    fdatasyncSync: step(fs.fdatasyncSync, ([file]) =>
      power.unsynchronised.delete(names.get(file) ?? ''),
    ),
    fsyncSync: step(fs.fsyncSync),
    linkSync: step(fs.linkSync),
    unlinkSync: step(fs.unlinkSync),
    renameSync: step(fs.renameSync, ([from, to]) => {
      if (power.unsynchronised.delete(String(from))) power.unsynchronised.add(String(to));
    }),
  };
});

let [folder, path] = ['', ''];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meridian-audit-cut-'));
  path = join(folder, 'audit.jsonl');
});
afterEach(() => {
  power.left = Infinity;
  power.unsynchronised.clear();
  rmSync(folder, { recursive: true });
});

const open = (at = 0): OpenAudit => openAudit(path, () => instant(at));

/** An audit of three lines that are durable and some that are not: its bytes, and where those begin. */
function written(): { readonly bytes: Buffer; readonly durable: number } {
  const audit = open();
  for (let at = 0; at < 3; at++) audit.record('recorded', { at });
  const durable = readFileSync(path).length;
  for (let at = 0; at < 8; at++) audit.note('noted', { at, text: 'x'.repeat(200) });
  audit.close();
  return { bytes: readFileSync(path), durable };
}

const eventsIn = (file: string): readonly string[] =>
  readFileSync(file, 'latin1')
    .split('\n')
    .flatMap(text => /"event":"([^"]*)"/.exec(text)?.[1] ?? []);

/** The file that an audit says was set aside. */
function asideOf({ setAside }: Pick<OpenAudit, 'setAside'>): SetAside {
  return setAside ?? expect.fail('nothing was set aside');
}

/** Opens what a cut left. Whatever it is, the next line is durable in a good chain, and nothing is lost. */
async function reopened(left: Buffer, durable: number): Promise<OpenAudit> {
  writeFileSync(path, left);
  const audit = open(7);
  audit.record('after', {});
  audit.close();
  const { broken, setAside } = await verifyAudit(path);
  expect(broken).toBeUndefined();
  expect(setAside).toEqual(audit.setAside);
  if (audit.setAside === undefined) {
    expect(readFileSync(path).subarray(0, left.length)).toEqual(left);
    return audit;
  }
  const { file, lines, hash } = audit.setAside;
  expect(file).toMatch(/^audit\.jsonl\.damaged-1970-01-01T00-00-00\.007Z$/);
  expect(readFileSync(join(folder, file))).toEqual(left);
  expect(eventsIn(path)).toEqual(['audit.set_aside', 'after']);
  const damaged = await verifyAudit(join(folder, file));
  expect(damaged.broken).toBeDefined();
  expect(damaged.lines).toBe(lines ?? 0);
  if (lines !== null) expect(damaged.hash).toBe(hash);
  expect(damaged.lines).toBeGreaterThanOrEqual(durable);
  rmSync(join(folder, file));
  return audit;
}

const SECTOR_BYTES = 512;

describe('what a power cut leaves of an audit', () => {
  test('is gone on with where it ends with a line, and set aside where a line is torn', async () => {
    const { bytes, durable } = written();
    const cuts = Array.from({ length: 40 }, (_, at) => durable + at * 37).concat(bytes.length - 1);
    for (const length of cuts.filter(each => each <= bytes.length)) {
      const left = bytes.subarray(0, length);
      const { setAside } = await reopened(left, 3);
      expect(setAside === undefined, length.toString()).toBe(left.at(-1) === 10);
    }
  });

  test('is set aside where there is a hole in it, wherever that is', async () => {
    const { bytes, durable } = written();
    for (let from = durable; from < bytes.length; from += SECTOR_BYTES) {
      const hole = Buffer.from(bytes).fill(0, from, Math.min(from + SECTOR_BYTES, bytes.length));
      asideOf(await reopened(hole, 3));
      const nothing = Buffer.from(bytes).fill(0, from);
      asideOf(await reopened(nothing, 3));
    }
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['one line without its end', bytes => bytes.subarray(0, 100)],
    ['the beginning of a line', bytes => bytes.subarray(0, 3)],
    ['nothing but a hole', bytes => Buffer.alloc(bytes.length)],
    ['a hole in the first line', bytes => Buffer.from(bytes).fill(0, 50, 90)],
    ['a hole at the beginning', bytes => Buffer.from(bytes).fill(0, 0, SECTOR_BYTES)],
  ])('is set aside though no line of it is good: %s', async (_what, change) => {
    const { setAside } = await reopened(change(written().bytes), 0);
    expect(setAside).toMatchObject({ lines: null, hash: null });
  });

  test('is looked through for the last good line, also where that is far from the end', async () => {
    const { bytes } = written();
    const { lines } = await verifyAudit(path);
    const far = Buffer.concat([bytes, Buffer.alloc(5 * 1024 * 1024)]);
    expect(asideOf(await reopened(far, 3)).lines).toBe(lines);
  });

  test.each<[string, (lines: readonly string[]) => readonly string[]]>([
    ['a first line that is gone', lines => lines.slice(1)],
    ['a first line of somebody else', lines => ['{"at":"now"}', ...lines]],
    ['an empty line before the first', lines => ['', ...lines]],
    [
      'a page of somebody else before the last line',
      lines => ['x'.repeat(4096), ...lines.slice(-1)],
    ],
  ])('is set aside, since it has a good line: %s', async (_what, change) => {
    const texts = written().bytes.toString('latin1').trimEnd().split('\n');
    const left = Buffer.from([...change(texts), ''].join('\n'), 'latin1');
    asideOf(await reopened(left, 0));
  });

  test('is set aside where there is nothing near its end', { timeout: 60_000 }, () => {
    written();
    truncateSync(path, 70 * 1024 * 1024);
    appendFileSync(path, '\n');
    const { setAside, close } = open();
    close();
    expect(setAside).toMatchObject({ lines: null, why: 'it has no line' });
  });

  test('with a last line that does not follow is set aside', async () => {
    const { bytes } = written();
    const texts = bytes.toString('latin1').trimEnd().split('\n');
    const left = Buffer.from([...texts, texts.at(-1), ''].join('\n'), 'latin1');
    expect(asideOf(await reopened(left, 3)).why).toBe('it does not follow the line before');
  });

  test('does not take the name of another file that was set aside', async () => {
    const { bytes } = written();
    for (let twice = 0; twice < 2; twice++) {
      writeFileSync(path, bytes.subarray(0, -1));
      open().close();
    }
    expect(readdirSync(folder).sort()).toEqual([
      'audit.jsonl',
      'audit.jsonl.damaged-1970-01-01T00-00-00.000Z',
      'audit.jsonl.damaged-1970-01-01T00-00-00.000Z.1',
    ]);
    expect((await verifyAudit(path)).setAside?.file).toMatch(/\.1$/);
  });
});

test('a second power cut, at any step of setting a file aside, loses nothing', async () => {
  const { bytes } = written();
  power.unsynchronised.clear();
  const left = bytes.subarray(0, -5);
  let steps = 0;
  for (let isThrough = false; !isThrough; steps += 1) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    writeFileSync(path, left);
    power.left = steps;
    try {
      open(steps).close();
      isThrough = true;
    } catch {
      // The power went.
    }
    power.left = Infinity;
    for (const lost of power.unsynchronised) truncateSync(lost);
    power.unsynchronised.clear();
    const audit = open(1_000);
    audit.record('after', {});
    audit.close();
    const { broken, setAside } = await verifyAudit(path);
    expect(broken).toBeUndefined();
    const aside = join(folder, setAside?.file ?? expect.fail('it is not named'));
    expect(readFileSync(aside)).toEqual(left);
    const files = await verifyAudits([aside, path]);
    expect(files.map(({ isChanged }) => isChanged)).toEqual([false, false]);
  }
  expect(steps).toBeGreaterThan(6);
});

test('a file that was changed after it was set aside is seen to be', async () => {
  const { bytes } = written();
  writeFileSync(path, bytes.subarray(0, -5));
  const audit = open();
  audit.close();
  const aside = join(folder, asideOf(audit).file);
  writeFileSync(aside, bytes.subarray(0, -6));
  const files = await verifyAudits([path, aside]);
  expect(files.map(({ isChanged }) => isChanged)).toEqual([false, true]);
});
