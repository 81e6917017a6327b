import { expect, test } from 'vitest';
import { partsOf } from './parts.ts';
import { reportOf, type Ran } from './report.ts';

const ran = (title: string, levels: number): Ran => ({
  ...{ title, command: 'node storm', date: '2026-11-25', commit: 'abc1234', machine: '2 cores' },
  ...{ held: true, seconds: 12 },
  figures: { levels, refusals: { '409 below_mark': 3 }, weather: {}, violations: [] },
});

test('a report says what ran, when, on what, and what came of it', () => {
  const text = reportOf('', [ran('storm', 10)]);
  expect(text).toContain('## storm\n\n`node storm`\n\nHeld on 2026-11-25 at abc1234, in 12 s on 2');
  expect(text).toContain(
    '- levels: 10\n- refusals: 409 below_mark 3\n- weather: none\n- violations: 0\n',
  );
});

test('a part that failed is told so', () => {
  expect(reportOf('', [{ ...ran('storm', 10), held: false }])).toContain('Failed on 2026-11-25');
});

test('what runs again takes the place of what ran before, and all else stays', () => {
  const first = reportOf('', [ran('storm', 10), ran('mutants', 1)]);
  const second = reportOf(first, [ran('storm', 20)]);
  expect(second).toBe(first.replace('levels: 10', 'levels: 20'));
  expect(reportOf(second, [])).toBe(second);
});

test('a storm over files has a fifth of the levels, and no title comes twice', () => {
  const parts = partsOf(10_000);
  expect(
    parts.map(({ command }) => command).filter(command => command.includes('2000')),
  ).toHaveLength(1);
  expect(new Set(parts.map(({ title }) => title)).size).toBe(parts.length);
});
