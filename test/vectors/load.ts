import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
/** What several projects share: a folder beside the repository, which a plain clone does not have. */
const SHARED = join(ROOT, '../shared');

/** What a test may take unless it says more. */
const TIMEOUT_MS = 5_000;

/** The content of a vector file that lives in the repository, under test/vectors. */
export function vectors(name: string): unknown {
  return contentOf(join(import.meta.dirname, `${name}.json`));
}

/** The content of a file of the shared folder, a list of rows for `.ndjson`; undefined when absent. */
export function shared(path: string): unknown {
  const file = join(SHARED, path);
  return existsSync(file) ? contentOf(file) : undefined;
}

/**
 * A test on a shared file. Without the file it is skipped, and its name says which one is missing; where
 * CI is set nothing may be skipped, so there it fails.
 */
export function testShared(
  path: string,
  name: string,
  run: (content: unknown) => void | Promise<void>,
  timeoutMs = TIMEOUT_MS,
): void {
  const content = shared(path);
  const title = `${path}: ${name}`;
  if (content !== undefined) {
    test(title, () => run(content), timeoutMs);
    return;
  }
  const { missing, absent } = absence(path, process.env['CI']);
  if (absent === 'skip') test.skip(`${title} (${missing})`, () => undefined);
  else {
    test(title, () => {
      throw new Error(missing);
    });
  }
}

/** What becomes of a test without its file. */
export function absence(
  path: string,
  ci: string | undefined,
): { readonly missing: string; readonly absent: 'skip' | 'fail' } {
  const isCi = ci !== undefined && !['', '0', 'false'].includes(ci);
  return { missing: `no file ../shared/${path}`, absent: isCi ? 'fail' : 'skip' };
}

/** Checks every entry of a table that has so many at least; a failure names the entry. */
export function checkEach<Entry>(
  entries: readonly Entry[],
  countMin: number,
  nameOf: (entry: Entry) => string,
  check: (entry: Entry) => void,
): void {
  expect(entries.length, 'entries in the table').toBeGreaterThanOrEqual(countMin);
  for (const entry of entries) {
    try {
      check(entry);
    } catch (error) {
      if (error instanceof Error) error.message = `${nameOf(entry)}: ${error.message}`;
      throw error;
    }
  }
}

function contentOf(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  if (!file.endsWith('.ndjson')) return JSON.parse(text) as unknown;
  const lines = text.split('\n').filter(line => line.trim() !== '');
  return lines.map(line => JSON.parse(line) as unknown);
}
