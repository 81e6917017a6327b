import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { activate, request } from './fixtures.ts';
import {
  memoryJournal,
  openSqliteStore,
  waitForSqliteStore,
  type StoreErrorCode,
} from './index.ts';

let folder = '';
const directory = process.cwd();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.umask(0o022);
  process.chdir(directory);
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, 'watermark.sqlite');
const open = (place = folder) => openSqliteStore(place, memoryJournal());
const waitFor = (signal: AbortSignal) =>
  waitForSqliteStore(folder, join(folder, 'journal.sqlite'), signal);
const opening = (code: StoreErrorCode, place = folder) => {
  expect(() => open(place)).toThrow(expect.objectContaining({ code }) as Error);
};

/** A store that was in use, closed again. */
async function usedStore(): Promise<void> {
  const store = open();
  await activate(store);
  await store.advance(request({ level: 10 }));
  await store.close();
}

/** Does something to the file as another program would. */
function edit(sql: string, file = path()): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

describe('a file', () => {
  test('keeps what it was told', async () => {
    const store = open();
    await activate(store);
    await store.advance(request({ level: 10 }));
    const before = await store.rows();
    await store.close();
    const again = open();
    expect(await again.rows()).toEqual(before);
    await again.close();
  });

  test.each(['new', 'empty'])(
    'that is %s is for its owner alone from the start, and so is its log',
    async what => {
      process.umask(0);
      if (what === 'empty') {
        writeFileSync(path(), '');
        chmodSync(path(), 0o666);
      }
      const store = open();
      await activate(store);
      const files = readdirSync(folder);
      expect(files).toContain('watermark.sqlite-wal');
      for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
      await store.close();
    },
  );

  test('waits for the disk at each commit, keeps a log, and is held, says the open handle', async () => {
    const spy = vi.spyOn(DatabaseSync.prototype, 'exec');
    const store = open();
    const handle = spy.mock.contexts[0] as DatabaseSync;
    await activate(store);
    const setting = (name: string) => handle.prepare(`PRAGMA ${name}`).get()?.[name];
    expect(setting('synchronous')).toBe(2);
    expect(setting('journal_mode')).toBe('wal');
    expect(setting('locking_mode')).toBe('exclusive');
    await store.close();
  });

  test.each([
    [/locking_mode = \w+/, 'locking_mode = normal'],
    [/synchronous = \w+/, 'synchronous = 1'],
    [/journal_mode = \w+/, 'journal_mode = memory'],
  ])('is not used where SQLite does not take the setting %s', (setting, instead) => {
    const exec = Reflect.get<DatabaseSync, 'exec'>(DatabaseSync.prototype, 'exec');
    vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (
      this: DatabaseSync,
      sql: string,
    ) {
      exec.call(this, sql.replace(setting, instead));
    });
    opening('unreadable');
    vi.restoreAllMocks();
    // And it is let go of.
    open().close().catch(expect.unreachable);
  });

  test('is what every name means', async () => {
    process.chdir(folder);
    for (const name of [':memory:', 'file:other.sqlite?mode=memory']) {
      const store = open(name);
      await activate(store);
      const before = await store.rows();
      await store.close();
      const again = open(join(folder, name));
      expect(await again.rows()).toEqual(before);
      await again.close();
    }
  });

  test('of another program, or rubbish, is refused and left as it is', () => {
    edit('CREATE TABLE other (x)');
    const before = readFileSync(path());
    opening('foreign_schema');
    expect(readFileSync(path()).equals(before)).toBe(true);
    for (const text of ['x', 'x'.repeat(5_000)]) {
      writeFileSync(path(), text);
      opening('foreign_schema');
      expect(readFileSync(path(), 'utf8')).toBe(text);
    }
  });

  test.each([
    ['of a later version', 'PRAGMA user_version = 2'],
    ['of an earlier version', 'PRAGMA user_version = 0'],
    ['with the mark of another program', 'PRAGMA application_id = 1'],
    ['without our mark', 'PRAGMA application_id = 0'],
    ['without its table', 'DROP TABLE watermark'],
    ['with another table beside it', 'CREATE TABLE other (x)'],
    ['with a column more', 'ALTER TABLE watermark ADD COLUMN other TEXT'],
    [
      'with a trigger, which could lower a mark',
      'CREATE TRIGGER lower AFTER UPDATE ON watermark BEGIN UPDATE watermark SET level = 0; END',
    ],
  ])('%s is refused and not touched', async (_what, sql) => {
    await usedStore();
    edit(sql);
    const before = readFileSync(path());
    opening('foreign_schema');
    expect(readFileSync(path()).equals(before)).toBe(true);
  });

  test('that cannot be opened is told so', () => {
    opening('unreadable', join(folder, 'no/such/folder'));
    expect(existsSync(join(folder, 'no'))).toBe(false);
    writeFileSync(path(), '');
    opening('unreadable', path());
    rmSync(path());
    mkdirSync(path());
    opening('unreadable');
  });
});

test('the folder of a store is made for its owner alone, and is left as it is where it stands', async () => {
  process.umask(0);
  const made = join(folder, 'made');
  for (const mode of [0o700, 0o750]) {
    await open(made).close();
    expect(statSync(made).mode & 0o777).toBe(mode);
    chmodSync(made, 0o750);
  }
});

describe('a wait for a held file', () => {
  test('ends when it is told to', async () => {
    const store = open();
    const end = new AbortController();
    const waiting = waitFor(end.signal);
    end.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await store.close();
    await expect(waitFor(end.signal)).rejects.toMatchObject({ code: 'closed' });
  });

  test('ends at once with any other trouble', async () => {
    edit('CREATE TABLE other (x)');
    const waiting = waitFor(AbortSignal.timeout(3_000));
    await expect(waiting).rejects.toMatchObject({ code: 'foreign_schema' });
  });

  test('goes on while the other process mends what it finds', async () => {
    let times = 0;
    vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(() => {
      times += 1;
      if (times === 2) vi.restoreAllMocks();
      throw Object.assign(new Error('database is locked'), { errcode: 5 | (1 << 8) });
    });
    const store = await waitFor(AbortSignal.timeout(3_000));
    expect(times).toBe(2);
    await store.close();
  });
});
