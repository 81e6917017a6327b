import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { instant } from '@meridian/prelude';
import { lastingAudit, TRY_AGAIN_MS } from './lasting.ts';
import { verifyAudit } from './verify.ts';

let folder = '';
const away = (): string => join(folder, 'away');
const file = (): string => join(away(), 'audit.jsonl');
const comesBack = (): string | undefined => mkdirSync(away(), { recursive: true });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meridian-lasting-'));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** An audit, and what was told of it. */
function lasting() {
  const told: string[] = [];
  const audit = lastingAudit(file(), () => instant(0), {
    failed: ({ code }) => told.push(code),
    opened: ({ lost }) => told.push(`open after ${lost().toString()}`),
  });
  return { ...audit, told };
}

const lines = () =>
  readFileSync(file(), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { readonly event: string; readonly fields: object });

test('lines of an audit that cannot be opened are lost, and told once it can be, though nobody asks', async () => {
  const { note, lost, close, told } = lasting();
  for (let at = 0; at < 3; at++) note('sign', { at });
  expect(lost()).toBe(3);
  vi.advanceTimersByTime(TRY_AGAIN_MS);
  expect(told).toEqual(['unreadable', 'unreadable']);
  comesBack();
  vi.advanceTimersByTime(TRY_AGAIN_MS - 1);
  expect(told).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(told[2]).toBe('open after 3');
  note('sign', { at: 4 });
  close();
  vi.advanceTimersByTime(10 * TRY_AGAIN_MS);
  expect(told).toHaveLength(3);
  expect(lines()).toMatchObject([{ event: 'audit.lost', fields: { lines: 3 } }, { event: 'sign' }]);
  expect(await verifyAudit(file())).toMatchObject({ broken: undefined });
  expect(lost()).toBe(3);
});

test('what has to be recorded first is refused until the file can be opened, and tries that', () => {
  const { record, close, told } = lasting();
  expect(() => record('raise.asked', {})).toThrow(expect.objectContaining({ code: 'unreadable' }));
  comesBack();
  record('raise.asked', { by: 'ann' }, [{ key: 'a' }]);
  record('raise.done', {});
  close();
  expect(lines().map(({ event }) => event)).toEqual([
    ...['raise.asked.key', 'raise.asked', 'raise.done'],
  ]);
  expect(told).toEqual(['unreadable', 'unreadable', 'open after 0']);
});

test('a file of somebody else is an error at once, and is looked at no more', () => {
  comesBack();
  writeFileSync(file(), 'not ours\n');
  expect(lasting).toThrow(expect.objectContaining({ code: 'broken' }));
  expect(vi.getTimerCount()).toBe(0);
});

test('one that was never opened is closed, and then left alone', () => {
  const { close, told } = lasting();
  close();
  comesBack();
  vi.advanceTimersByTime(2 * TRY_AGAIN_MS);
  expect(told).toEqual(['unreadable']);
});
