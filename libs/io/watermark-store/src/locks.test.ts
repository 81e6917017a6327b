import { expect, test } from 'vitest';
import { locks } from './locks.ts';

test('under one name one runs after the other, in their order, under several at once', async () => {
  const one = locks();
  const said: string[] = [];
  const step = (name: string, what: string) =>
    one(name, async () => {
      said.push(`${what} begins`);
      await new Promise(setImmediate);
      said.push(`${what} ends`);
      return what;
    });
  const outcomes = await Promise.all([step('a', '1'), step('a', '2'), step('b', '3')]);
  expect(outcomes).toEqual(['1', '2', '3']);
  const only = (...steps: readonly string[]) => said.filter(each => steps.includes(each[0]!));
  expect(only('1', '2')).toEqual(['1 begins', '1 ends', '2 begins', '2 ends']);
  expect(said.indexOf('3 begins')).toBeLessThan(said.indexOf('1 ends'));
});

test('one that fails fails alone', async () => {
  const one = locks();
  const failing = one('a', () => Promise.reject(new Error('mine')));
  const next = one('a', () => Promise.resolve('next'));
  await expect(failing).rejects.toThrow('mine');
  expect(await next).toBe('next');
});
