import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { outbox } from './outbox.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('without a delay things are done at once', () => {
  const done: string[] = [];
  outbox(() => 0).send(() => done.push('one'));
  expect(done).toEqual(['one']);
});

test('what was delayed is not overtaken when the delay ends', () => {
  const done: string[] = [];
  let delayMs = 100;
  const queue = outbox(() => delayMs);
  queue.send(() => done.push('late'));
  delayMs = 0;
  vi.advanceTimersByTime(50);
  queue.send(() => done.push('next'));
  expect(done).toEqual([]);
  vi.advanceTimersByTime(50);
  expect(done).toEqual(['late', 'next']);
  queue.send(() => done.push('prompt'));
  expect(done).toEqual(['late', 'next', 'prompt']);
});

test('what was dropped is never done', () => {
  const done: string[] = [];
  const queue = outbox(() => 100);
  queue.send(() => done.push('one'));
  queue.drop();
  vi.advanceTimersByTime(1_000);
  expect(done).toEqual([]);
});

test('what is still to be done can be done at once, in its order', () => {
  const done: string[] = [];
  const queue = outbox(() => 100);
  queue.send(() => done.push('one'));
  queue.send(() => done.push('two'));
  queue.flush();
  expect(done).toEqual(['one', 'two']);
  vi.advanceTimersByTime(1_000);
  expect(done).toEqual(['one', 'two']);
});
