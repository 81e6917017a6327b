import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { instant } from '@meridian/prelude';
import { openAudit, WAITING_LINES_MAX, type Audit } from './audit.ts';
import { AUDIT_ERRORS, AuditError } from './audit/errors.ts';
import { verifyAudit } from './audit/verify.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meridian-audit-'));
  path = join(folder, 'audit.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (): Audit => openAudit(path, () => instant(0));
const lines = (): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');
const events = (): unknown[] => lines().map(line => (JSON.parse(line) as { event: unknown }).event);

/** A file of some lines, as text lines. */
function written(count: number): string[] {
  const audit = open();
  for (let at = 0; at < count; at++) audit.record('watermark.raise', { at });
  audit.close();
  return lines();
}

test('each line names the one before, and is there when it was recorded', async () => {
  const audit = open();
  audit.record('one', { level: 5, nothing: undefined });
  expect(events()).toEqual(['one']);
  audit.note('two', { kind: 'block' });
  audit.record('three', {});
  expect(events()).toEqual(['one', 'two', 'three']);
  expect(JSON.parse(lines()[0] ?? '')).toMatchObject({
    ...{ seq: 0, at: '1970-01-01T00:00:00.000Z', fields: { level: 5 }, prev: '0'.repeat(64) },
  });
  audit.close();
  const last = (JSON.parse(lines()[2] ?? '') as { hash: string }).hash;
  expect(await verifyAudit(path)).toEqual({
    ...{ lines: 3, hash: last, broken: undefined, setAside: undefined },
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('what is noted is written soon, and at the end at the latest', async () => {
  const audit = open();
  audit.note('one', {});
  await expect.poll(() => statSync(path).size).toBeGreaterThan(0);
  audit.note('two', {});
  audit.close();
  expect(events()).toEqual(['one', 'two']);
});

test('the chain goes on after a restart', async () => {
  written(2);
  written(2);
  expect(await verifyAudit(path)).toMatchObject({ lines: 4, broken: undefined });
});

test.each<[string, (all: string[]) => string[], number, string]>([
  [
    'an edited line',
    ([a = '', b = '', c = '']) => [a, b.replace('"at":1', '"at":9'), c],
    2,
    'hash',
  ],
  ['a missing line', ([a = '', , c = '']) => [a, c], 2, 'follow'],
  ['lines that changed places', ([a = '', b = '', c = '']) => [b, a, c], 1, 'follow'],
  ['a line twice', ([a = '', b = '', c = '']) => [a, b, b, c], 3, 'follow'],
  ['rubbish', ([a = '', b = '', c = '']) => [a, 'x', b, c], 2, 'JSON'],
  ['no object', ([a = '', b = '', c = '']) => [a, '[]', b, c], 2, 'object'],
  ['a line without hash', ([a = '', b = '', c = '']) => [a, '{"seq":1}', b, c], 2, 'field'],
])(
  '%s is found, and the first line that breaks the chain is named',
  async (_what, change, line, why) => {
    writeFileSync(path, `${change(written(3)).join('\n')}\n`);
    const { broken } = await verifyAudit(path);
    expect(broken?.line).toBe(line);
    expect(broken?.why).toContain(why);
  },
);

test('an end that was cut off is found by the hash that was noted elsewhere', async () => {
  written(3);
  const { hash } = await verifyAudit(path);
  writeFileSync(path, `${lines().slice(0, 2).join('\n')}\n`);
  const cut = await verifyAudit(path);
  expect(cut.broken).toBeUndefined();
  expect(cut.hash).not.toBe(hash);
});

test.each(['not ours\n', 'not ours', '{"seq":', '{"at":"now"}\n', '{"at":"now"}\n{"at":"', '\n'])(
  'a file that begins with something else is left as it is: %j',
  text => {
    writeFileSync(path, text);
    expect(open).toThrow(expect.objectContaining({ code: 'broken' }));
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(folder)).toHaveLength(1);
  },
);

test('a place where no file can be is an error of its own', () => {
  expect(() => openAudit(join(folder, 'no/such/folder'), () => instant(0))).toThrow(
    expect.objectContaining({ code: 'unreadable' }),
  );
});

test('lines that find no room are counted, and the loss is said', async () => {
  const audit = open();
  for (let at = 0; at < WAITING_LINES_MAX + 3; at++) audit.note('sign', { at });
  expect(audit.lost()).toBe(3);
  audit.record('watermark.latch.asked', {});
  audit.close();
  expect(events().filter(event => event === 'audit.lost')).toHaveLength(1);
  const said = lines().find(line => line.includes('audit.lost')) ?? '';
  expect((JSON.parse(said) as { fields: unknown }).fields).toEqual({ lines: 3 });
  expect(await verifyAudit(path)).toMatchObject({ broken: undefined });
});

test('nothing is written over what somebody else wrote', () => {
  const audit = open();
  audit.record('one', {});
  appendFileSync(path, 'theirs\n');
  expect(() => audit.record('two', {})).toThrow(expect.objectContaining({ code: 'changed' }));
  audit.note('three', {});
  audit.close();
  expect(audit.lost()).toBe(1);
  expect(lines()).toHaveLength(2);
});

test('lines of keys come with the line of what they are of, all in one piece', () => {
  const audit = open();
  audit.record('latch.done', { keys: 2 }, [{ key: 'a' }, { key: 'b' }]);
  expect(events()).toEqual(['latch.done.key', 'latch.done.key', 'latch.done']);
  appendFileSync(path, 'theirs\n');
  const before = readFileSync(path, 'utf8');
  expect(() => audit.record('latch.done', {}, [{}])).toThrow(AuditError);
  expect(readFileSync(path, 'utf8')).toBe(before);
  audit.close();
});

test('a line that is too long says what was cut out of it, the largest first, and keeps the rest', async () => {
  const audit = open();
  audit.record('one', { by: 'ann', text: 'x'.repeat(100_000), list: [1, 2] });
  audit.record('two', { by: 'ann', one: 'x'.repeat(40_000), other: 'y'.repeat(80_000) });
  audit.record('three', { many: 'x'.repeat(60_000), more: 'y'.repeat(60_001) });
  audit.close();
  const fields = lines().map(line => (JSON.parse(line) as { fields: unknown }).fields);
  expect(fields[0]).toEqual({ by: 'ann', list: [1, 2], cut_bytes: { text: 100_002 } });
  expect(fields[1]).toMatchObject({ by: 'ann', cut_bytes: { other: 80_002 } });
  expect(fields[1]).toHaveProperty('one');
  expect(fields[2]).toMatchObject({ many: 'x'.repeat(60_000), cut_bytes: { more: 60_003 } });
  for (const line of lines()) expect(line.length).toBeLessThanOrEqual(64 * 1024);
  expect((await verifyAudit(path)).broken).toBeUndefined();
});

test('verifying what is not there is an error of its own', async () => {
  await expect(verifyAudit(path)).rejects.toMatchObject({ code: 'unreadable' });
  for (const meaning of Object.values(AUDIT_ERRORS)) expect(meaning.length).toBeGreaterThan(20);
});
