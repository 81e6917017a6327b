import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { complaintsAbout } from './compiler.ts';
import { mutated, testsOf } from './mutant.ts';
import { SUBJECTS } from './subjects.ts';

const REPOSITORY = join(import.meta.dirname, '../../..');

const COMPILATION_LIMIT_MS = 60_000;

describe.each(SUBJECTS)('the mutants of $name', subject => {
  const { folder, mutants } = subject;

  test('replace a text that stands in its file exactly once, by another one', () => {
    const stale = mutants.filter(
      mutant => mutated(folder, mutant) === undefined || mutant.find === mutant.replace,
    );
    expect(stale).toEqual([]);
  });

  test('differ from each other, and in what they say', () => {
    const changes = mutants.map(({ file, find, replace }) => `${file} ${find} ${replace}`);
    expect(new Set(changes).size).toBe(mutants.length);
    expect(new Set(mutants.map(({ why }) => why)).size).toBe(mutants.length);
  });

  // Else a slip of the pen would pass for a mistake that the tests notice.
  test('are as good TypeScript as what they replace', { timeout: COMPILATION_LIMIT_MS }, () => {
    const complaints = mutants.flatMap(mutant =>
      complaintsAbout(join(REPOSITORY, folder, 'src', mutant.file), mutated(folder, mutant) ?? ''),
    );
    expect(complaints).toEqual([]);
  });

  test('name a rule of the design', () => {
    for (const { rule } of mutants) expect(String(rule)).toMatch(/^([1-9]|10|§4\.[1-6])$/);
  });

  test('are each held against a test file that there is', () => {
    const tests = new Set(mutants.flatMap(({ file }) => testsOf(subject, file)));
    const missing = [...tests].filter(file => !existsSync(join(REPOSITORY, folder, 'src', file)));
    expect(missing).toEqual([]);
    expect(mutants.filter(({ file }) => testsOf(subject, file).length === 0)).toEqual([]);
  });
});
