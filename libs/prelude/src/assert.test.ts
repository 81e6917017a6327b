import { expect, test } from 'vitest';
import { assert, err, ok, unreachable, type Result } from './index.ts';

test('an assertion that fails says what was promised', () => {
  expect(() => {
    assert(false, 'marks never fall');
  }).toThrow('assertion failed: marks never fall');
});

test('an unreachable case names the value that reached it', () => {
  expect(() => unreachable('north' as never)).toThrow('unreachable value: "north"');
});

test('a result is told apart by ok', () => {
  const results: Result<number, string>[] = [ok(1), err('no')];
  expect(results.map(result => (result.ok ? result.value : result.error))).toEqual([1, 'no']);
});
