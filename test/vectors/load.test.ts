import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { absence, checkEach, shared, testShared, vectors } from './load.ts';

const copies = readdirSync(import.meta.dirname).filter(file => file.endsWith('.json'));

describe('the vector files of the repository', () => {
  test('there are some', () => {
    expect(copies.length).toBeGreaterThanOrEqual(6);
  });

  for (const file of copies) {
    testShared(`vectors/${file}`, 'is what the repository has a copy of', content => {
      expect(vectors(file.replace(/\.json$/, ''))).toEqual(content);
    });
  }
});

describe('a shared file that is absent', () => {
  test('has no content', () => {
    expect(shared('vectors/no-such-file.json')).toBeUndefined();
  });

  test.each([undefined, '', '0', 'false'])('skips its tests, by name, where CI is %j', ci => {
    expect(absence('some/file.json', ci)).toEqual({
      missing: 'no file ../shared/some/file.json',
      absent: 'skip',
    });
  });

  test.each(['1', 'true', 'github'])('fails its tests where CI is %j', ci => {
    expect(absence('some/file.json', ci).absent).toBe('fail');
  });
});

describe('a table that is checked', () => {
  const check = (entry: number): void => {
    expect(entry).toBeLessThan(3);
  };

  test('must not be shorter than promised', () => {
    expect(() => checkEach([1, 2], 3, String, check)).toThrow('entries in the table');
  });

  test('names the entry that fails', () => {
    expect(() => checkEach([1, 2, 7], 3, entry => `entry ${entry}`, check)).toThrow(/^entry 7: /);
  });
});
