import * as fs from 'node:fs';
import type * as sqlite from 'node:sqlite';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { activate, request } from './fixtures.ts';
import { memoryJournal, openJournal, openSqliteStore, StoreError } from './index.ts';
import { waitForSqliteStore } from './index.ts';

/** What is done by somebody else just before SQLite opens a file, and just after it has committed. */
const meanwhile: { open?: (path: string) => void; commit?: () => void } = {};

vi.mock('node:sqlite', async importOriginal => {
  const real = await importOriginal<typeof sqlite>();
  class DatabaseSync extends real.DatabaseSync {
    constructor(path: string) {
      meanwhile.open?.(path);
      super(path);
    }

    override exec(sql: string): void {
      super.exec(sql);
      if (sql === 'COMMIT') meanwhile.commit?.();
    }
  }
  return { ...real, DatabaseSync };
});

let above = '';
beforeEach(() => {
  above = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'store-')));
});
afterEach(() => {
  delete meanwhile.open;
  delete meanwhile.commit;
  fs.rmSync(above, { recursive: true, force: true });
});

const folder = () => join(above, 'store');
const file = () => join(folder(), 'watermark.sqlite');
const journalFile = () => join(above, 'journal.sqlite');
const coded = (code: string) => expect.objectContaining({ code }) as Error;

test('a file that another one takes the place of before SQLite opens it is left as it is', () => {
  meanwhile.open = path => {
    fs.rmSync(path);
    fs.writeFileSync(path, '');
  };
  expect(() => openSqliteStore(folder(), memoryJournal())).toThrow(coded('replaced'));
  expect(fs.readdirSync(folder())).toEqual(['watermark.sqlite']);
  expect(fs.statSync(file()).size).toBe(0);
});

test('what was written to a file that is replaced while it is committed permits nothing', async () => {
  const store = openSqliteStore(folder(), memoryJournal());
  await activate(store);
  meanwhile.commit = () => {
    fs.renameSync(file(), `${file()}.old`);
    fs.writeFileSync(file(), '');
  };
  await expect(store.advance(request({ level: 10 }))).rejects.toThrow(coded('replaced'));
});

test('a store that cannot be compared with its journal is let go of', async () => {
  const forgetful = { ...memoryJournal(), rows: () => raise(new StoreError('unavailable')) };
  expect(() => openSqliteStore(folder(), forgetful)).toThrow(coded('unavailable'));
  await openSqliteStore(folder(), memoryJournal()).close();
});

test('a journal whose store is none of ours is let go of', async () => {
  fs.mkdirSync(dirname(file()));
  fs.writeFileSync(file(), 'no database at all');
  const waiting = waitForSqliteStore(folder(), journalFile(), new AbortController().signal);
  await expect(waiting).rejects.toThrow(coded('foreign_schema'));
  openJournal(journalFile()).close();
});

function raise(error: Error): never {
  throw error;
}
