import { expect, test } from 'vitest';
import { CELLS } from './cells.ts';
import { readWords, USAGE, type Wanted } from './words.ts';

function wanted(...args: string[]): Wanted {
  const read = readWords(args);
  if (!read.ok || read.value === 'help') throw new Error('is a matrix');
  return read.value;
}

test('without words all cells are played for a thousand levels', () => {
  const usual = { levels: 1_000, seed: 1, processes: false, json: false };
  expect(wanted()).toEqual({ ...usual, cells: CELLS });
});

test('cells are named in full or by how they begin', () => {
  const names = (...only: string[]) =>
    wanted(...only.flatMap(name => ['--only', name])).cells.map(({ name }) => name);
  expect(names('lying 2')).toEqual(['lying 2']);
  expect(names('slow 4', 'refuse 4')).toEqual(['refuse 4', 'slow 4']);
  expect(names('clock')).toEqual([1, 2, 3, 4, 5].map(k => `clock ${k.toString()}`));
});

test('with processes the main cells are played, and no other is known', () => {
  const { cells, levels } = wanted('--processes');
  expect(levels).toBeGreaterThanOrEqual(30);
  expect(cells.length).toBeGreaterThanOrEqual(6);
  expect(cells.every(({ processes }) => processes !== null)).toBe(true);
  expect(readWords(['--processes', '--only', 'clock 4'])).toMatchObject({ ok: false });
});

test('the help names every cell', () => {
  expect(readWords(['--help'])).toEqual({ ok: true, value: 'help' });
  for (const { name } of CELLS) expect(USAGE).toContain(` ${name}`);
});

test.each([
  [['--levels', '59'], '--levels is a whole number from 60'],
  [['--seed', '-1'], 'argument is ambiguous'],
  [['--seed=x'], '--seed is a whole number from 0'],
  [['--only', 'storm'], '--only knows "none", "refuse 1"'],
  [['--only', ''], '--only knows'],
  [['--storm'], "Unknown option '--storm'"],
  [['storm'], "Unexpected argument 'storm'"],
])('what cannot be is refused by the name of its option: %s', (args, message) => {
  const read = readWords(args);
  expect(read.ok ? '' : read.error).toContain(message);
});
