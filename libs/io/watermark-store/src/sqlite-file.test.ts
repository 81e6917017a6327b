import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StoreErrorCode } from './index.ts';
import { holdFile, type FileKind } from './sqlite-file.ts';

/** What kind of file system a test pretends to be on. */
const on: { type?: number } = {};
/** What another program does right before a file is opened, and right after: it is as quick as that. */
const meanwhile: { before?: () => void; after?: () => void } = {};

vi.mock('node:fs', async importOriginal => {
  const real = await importOriginal<typeof fs>();
  return {
    ...real,
    statfsSync: (path: string) => Object.assign(real.statfsSync(path), on),
    openSync: (...given: Parameters<typeof fs.openSync>) => {
      const { before, after } = meanwhile;
      delete meanwhile.before;
      delete meanwhile.after;
      before?.();
      const descriptor = real.openSync(...given);
      after?.();
      return descriptor;
    },
  };
});

const KIND: FileKind = { applicationId: 7, schemaVersion: 1, tables: ['CREATE TABLE one (x)'] };

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'file-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  delete on.type;
  delete meanwhile.before;
  delete meanwhile.after;
  fs.rmSync(folder, { recursive: true, force: true });
});

const path = (name = 'file') => join(folder, name);
const opening = (code: StoreErrorCode, file = path()) => {
  expect(() => holdFile(file, KIND)).toThrow(expect.objectContaining({ code }) as Error);
};
/** Another file of the same kind, such as a copy would be. */
function fileAt(file: string): void {
  holdFile(file, KIND).close();
}
/** Whether the system knows of a lock on it, which an open and closed descriptor of the same process would end. */
const isLocked = (file: string) =>
  fs.readFileSync('/proc/locks', 'utf8').includes(`:${fs.statSync(file).ino.toString()} `);
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

describe('a file is not held', () => {
  test('under a second name, where its log of writes would be missing', () => {
    fileAt(path());
    fs.linkSync(path(), path('second'));
    opening('unsafe_place');
    opening('unsafe_place', path('second'));
    fs.rmSync(path());
    fileAt(path('second'));
  });

  test('through a link, beside which the log of writes does not stand', () => {
    fileAt(path());
    fs.symlinkSync(path(), path('link'));
    opening('unreadable', path('link'));
  });

  test.each([0x6969, 0xff534d42, 0x65735546])('on a file system of a network, number %i', type => {
    on.type = type;
    opening('unsafe_place');
    expect(fs.existsSync(path())).toBe(false);
  });

  test('of another kind', () => {
    fileAt(path());
    for (const other of [
      { applicationId: 8 },
      { schemaVersion: 2 },
      { tables: ['CREATE TABLE one (y)'] },
    ]) {
      expect(() => holdFile(path(), { ...KIND, ...other })).toThrow(/no watermark store/);
    }
  });

  test('where another one was put in its place before SQLite opened it: neither is written to', () => {
    fileAt(path());
    fileAt(path('other'));
    const before = [path(), path('other')].map(file => fs.readFileSync(file));
    meanwhile.after = () => {
      fs.renameSync(path(), path('first'));
      fs.renameSync(path('other'), path());
    };
    opening('replaced');
    expect([path('first'), path()].map(file => fs.readFileSync(file))).toEqual(before);
  });

  test('where another one was put in its place while it was looked at', () => {
    fileAt(path());
    fileAt(path('other'));
    const exec = Reflect.get<DatabaseSync, 'exec'>(DatabaseSync.prototype, 'exec');
    vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (
      this: DatabaseSync,
      sql: string,
    ) {
      if (sql === 'COMMIT') fs.renameSync(path('other'), path());
      exec.call(this, sql);
    });
    opening('replaced');
  });

  test('in vain: nothing of it stays open', () => {
    fs.writeFileSync(path('rubbish'), 'x');
    fileAt(path());
    fs.linkSync(path(), path('second'));
    const open = descriptors();
    opening('foreign_schema', path('rubbish'));
    opening('unsafe_place');
    expect(descriptors()).toBe(open);
  });
});

describe('a file that is held', () => {
  test.each<[string, () => void]>([
    ['replaced', () => fs.renameSync(path('other'), path())],
    ['moved away', () => fs.renameSync(path(), path('moved'))],
    ['given a second name', () => fs.linkSync(path(), path('second'))],
    [
      'made a link to where it is',
      () => {
        fs.renameSync(path(), path('moved'));
        fs.symlinkSync(path('moved'), path());
      },
    ],
  ])('is known to have been %s', (_what, change) => {
    fileAt(path('other'));
    const file = holdFile(path(), KIND);
    file.assertInPlace();
    change();
    expect(() => file.assertInPlace()).toThrow(expect.objectContaining({ code: 'replaced' }));
    file.close();
  });

  test('is not opened again by this process, not even where it was put this very moment', () => {
    const file = holdFile(path(), KIND);
    const open = descriptors();
    opening('busy');
    expect(descriptors()).toBe(open);
    fs.renameSync(path(), path('moved'));
    meanwhile.before = () => fs.renameSync(path('moved'), path());
    opening('busy');
    expect(isLocked(path())).toBe(true);
    file.close();
    expect(isLocked(path())).toBe(false);
  });

  test('is let go of with all that was open', () => {
    const open = descriptors();
    const file = holdFile(path(), KIND);
    expect(descriptors()).toBeGreaterThan(open);
    file.close();
    expect(descriptors()).toBe(open);
    fileAt(path());
  });
});
