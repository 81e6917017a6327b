import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { activate, request } from './fixtures.ts';
import { openSqliteStore, StoreError, waitForSqliteStore } from './index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'watermark.sqlite');

describe('a file', () => {
  test('keeps what it was told, and only its owner may read it', async () => {
    const store = openSqliteStore(path());
    await activate(store);
    await store.advance(request({ level: 10 }));
    const before = await store.rows();
    await store.close();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    const again = openSqliteStore(path());
    expect(await again.rows()).toEqual(before);
    await again.close();
  });

  test('waits for the disk at each commit and is held by one process', async () => {
    const store = openSqliteStore(path());
    expect(() => openSqliteStore(path())).toThrow(StoreError);
    await store.close();
    const database = new DatabaseSync(path());
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.close();
  });

  test('survives kill -9 of the process that signed, and the next one takes over', async () => {
    const program = `
      import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
      import { activate, request } from ${JSON.stringify(join(import.meta.dirname, 'fixtures.ts'))};
      const store = openSqliteStore(process.argv[1]);
      await activate(store);
      await store.advance(request({ level: 10 }));
      console.log('signed');
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, path()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const waiting = waitForSqliteStore(path(), new AbortController().signal);
    child.kill('SIGKILL');
    const store = await waiting;
    const other = request({ level: 10, payload: 'B' });
    expect(await store.advance(other)).toMatchObject({
      ok: false,
      error: { code: 'conflicting_vote' },
    });
    expect(await store.advance(request({ level: 10 }))).toMatchObject({ ok: true });
    await store.close();
  });

  test('of another program, or rubbish, is refused and left as it is', () => {
    const database = new DatabaseSync(path());
    database.exec('CREATE TABLE other (x)');
    database.close();
    expect(() => openSqliteStore(path())).toThrow(
      expect.objectContaining({ code: 'foreign_schema' }) as Error,
    );
    const rubbish = join(folder, 'rubbish');
    writeFileSync(rubbish, 'x'.repeat(5_000));
    expect(() => openSqliteStore(rubbish)).toThrow(
      expect.objectContaining({ code: 'foreign_schema' }) as Error,
    );
    expect(readFileSync(rubbish, 'utf8')).toBe('x'.repeat(5_000));
    const away = join(folder, 'no/such/folder');
    expect(() => openSqliteStore(away)).toThrow(
      expect.objectContaining({ code: 'unreadable' }) as Error,
    );
  });

  test('a wait for a held file can be ended', async () => {
    const store = openSqliteStore(path());
    const end = new AbortController();
    const waiting = waitForSqliteStore(path(), end.signal);
    end.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await store.close();
  });
});
