import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { memoryJournal, openSqliteStore } from './index.ts';

/**
 * Which folder was synchronised with what in it: the bytes of the store's file, or how many names where it is not
 * there. A power cut cannot be made, a call can be seen.
 */
const seen: { folder: string; has: number | readonly string[] }[] = [];

vi.mock('node:fs', async importOriginal => {
  const real = await importOriginal<typeof fs>();
  return {
    ...real,
    fsyncSync: (descriptor: number) => {
      const folder = real.readlinkSync(`/proc/self/fd/${descriptor.toString()}`);
      const file = real.statSync(join(folder, 'watermark.sqlite'), { throwIfNoEntry: false });
      seen.push({ folder, has: file?.size ?? real.readdirSync(folder) });
      real.fsyncSync(descriptor);
    },
  };
});

let above = '';
beforeEach(() => {
  above = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'store-')));
  seen.length = 0;
});
afterEach(() => fs.rmSync(above, { recursive: true, force: true }));

test('the folder of a store and the one above are synchronised once there is something in them, and again by whoever opens it next', async () => {
  const folder = join(above, 'store');
  for (let times = 0; times < 2; times += 1) {
    await openSqliteStore(folder, memoryJournal()).close();
    expect(seen.splice(0)).toEqual([
      { folder: dirname(folder), has: ['store'] },
      { folder, has: expect.toSatisfy(bytes => Number(bytes) > 0) as number },
    ]);
  }
});
