import { expect, test } from 'vitest';
import { faultNamed, FAULTS, readFault } from './faults.ts';

test('a fault has a node, a kind and times in seconds or milliseconds', () => {
  const fault = { node: 'node2', fault: 'refuse' };
  expect(readFault('node2=refuse')).toEqual({ ...fault, fromMs: 0, untilMs: null });
  expect(readFault('node2=refuse@5s')).toEqual({ ...fault, fromMs: 5_000, untilMs: null });
  expect(readFault('node2=refuse@500ms-1.5s')).toEqual({ ...fault, fromMs: 500, untilMs: 1_500 });
});

test('nonsense is refused with what would be right', () => {
  const nonsense = ['', 'node2', 'node2=sick', 'node2=toString', '=refuse', 'node2=refuse@5'];
  for (const text of nonsense) {
    expect(() => readFault(text), text).toThrow(/is no fault: node2=refuse@5s/);
  }
  expect(() => readFault('node2=refuse@1.2.3s')).toThrow(/is no time/);
  expect(() => readFault('node2=refuse@5s-5s')).toThrow(/ends before it begins/);
});

test('only the names of the table are faults', () => {
  expect(Object.keys(FAULTS).every(name => faultNamed(name) !== undefined)).toBe(true);
  expect(['ok', 'toString', ''].map(faultNamed)).toEqual([undefined, undefined, undefined]);
});
