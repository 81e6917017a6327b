import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSqliteStore } from './index.ts';

/** What was there of the store whenever a folder was synchronised: a power cut cannot be made, a call can be seen. */
const seen: { folder: bigint; bytes: number }[] = [];

vi.mock('node:fs', async importOriginal => {
  const real = await importOriginal<typeof fs>();
  return {
    ...real,
    fsyncSync: (descriptor: number) => {
      const bytes = real.statSync(path()).size;
      seen.push({ folder: real.fstatSync(descriptor, { bigint: true }).ino, bytes });
      real.fsyncSync(descriptor);
    },
  };
});

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'store-'));
  seen.length = 0;
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'watermark.sqlite');

test('the folder of a store is synchronised once the file is there, and again by whoever opens it next', async () => {
  for (const times of [1, 2]) {
    await openSqliteStore(path()).close();
    expect(seen).toHaveLength(times);
  }
  const { ino } = fs.statSync(folder, { bigint: true });
  for (const each of seen) {
    expect(each.folder).toBe(ino);
    expect(each.bytes).toBeGreaterThan(0);
  }
});
