import { expect, test } from 'vitest';
import { FAULTS, readAilment, readFault, usageOf, WELL, wordsOf } from './faults.ts';

test('a fault has a node, a kind and times in seconds or milliseconds', () => {
  const fault = { node: 'node2', ailment: { fault: 'refuse' }, until: null };
  expect(readFault('node2=refuse')).toEqual({ ...fault, from: { ms: 0 } });
  expect(readFault('node2=refuse@5s')).toEqual({ ...fault, from: { ms: 5_000 } });
  expect(readFault('node2=refuse@500ms-1.5s')).toEqual({
    ...{ ...fault, from: { ms: 500 }, until: { ms: 1_500 } },
  });
});

test('what a fault takes comes after its name, or is what it mostly is', () => {
  expect(readFault('node2=slow:500@5s').ailment).toEqual({ fault: 'slow', ms: 500 });
  expect(readAilment('slow')).toEqual({ fault: 'slow', ms: 2_000 });
  expect(readAilment('clock:-3000')).toEqual({ fault: 'clock', ms: -3_000 });
  expect(readAilment('lying:rights')).toEqual({ fault: 'lying', about: 'rights' });
  expect(readAilment('lying')).toEqual({ fault: 'lying', about: 'all' });
});

test('nonsense is refused with what would be right', () => {
  const nonsense = ['', 'node2', '=refuse', 'node2=refuse@5'];
  for (const text of nonsense) {
    expect(() => readFault(text), text).toThrow(/is no fault: node2=refuse@5s/);
  }
  expect(() => readFault('node2=sick')).toThrow(/"sick" is no fault: there is refuse, blackhole/);
  expect(() => readFault('node2=toString')).toThrow(/is no fault/);
  expect(() => readFault('node2=refuse@1.2.3s')).toThrow(/is no time/);
  expect(() => readFault('node2=refuse@5s-5s')).toThrow(/ends before it begins/);
  expect(() => readFault('node2=refuse:5')).toThrow('a fault is refuse, not refuse:5');
  expect(() => readFault('node2=slow:0')).toThrow('ms of slow is a whole number from 1');
  expect(() => readFault('node2=lying:well')).toThrow(
    'about of lying is one of all, blocks, rights, votes, not "well"',
  );
});

test('every fault of the table can be read as it is written', () => {
  for (const [name, row] of Object.entries(FAULTS)) {
    const ailment = readAilment(name);
    expect(readAilment(wordsOf(ailment))).toEqual(ailment);
    expect(usageOf(name, row).startsWith(name)).toBe(true);
  }
  expect(usageOf('slow', FAULTS.slow)).toBe('slow[:MS]');
  expect(wordsOf(WELL)).toBe('ok');
});
