import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { latch } from '@meridian/watermark/administration';
import type { Row } from '@meridian/watermark';
import { activate, CHAIN, pkhOf, request, type Wish } from './fixtures.ts';
import { memoryStore, openSqliteStore, StoreError, waitForSqliteStore } from './index.ts';
import { storeOver, type Medium } from './store.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'watermark.sqlite');
const attestationRow = { chainId: CHAIN, pkh: pkhOf(1), kind: 'attestation' } as const;

/** A small universe, so that collisions are the rule. */
const WISHES: readonly Wish[] = [9, 10, 11].flatMap(level =>
  [0, 1].flatMap(round =>
    ['A', 'B'].flatMap(payload => [
      { level, round, payload },
      { level, round, payload, holder: { epoch: 2 } },
      { level, round, payload, holder: { site: 'ie' } },
    ]),
  ),
);

describe('the contract', () => {
  test('memory and SQLite give the same outcomes and rows for every pair of requests', async () => {
    for (const first of WISHES) {
      const memory = memoryStore();
      const sqlite = openSqliteStore(join(folder, `${WISHES.indexOf(first).toString()}.sqlite`));
      for (const store of [memory, sqlite]) await activate(store);
      for (const second of WISHES) {
        for (const wish of [first, second]) {
          const [one, other] = await Promise.all(
            [memory, sqlite].map(store => store.advance(request(wish))),
          );
          expect(other).toEqual(one);
          const sealing = [memory, sqlite].map(store => store.seal(request(wish), 'sig'));
          const [sealed, alike] = await Promise.all(sealing);
          expect(alike).toEqual(sealed);
        }
      }
      expect(await sqlite.rows()).toEqual(await memory.rows());
      await sqlite.close();
    }
  });

  test.each(['other_incarnation', 'store_went_back'])(
    'a refusal of %s latches every row of the key',
    async code => {
      const store = memoryStore();
      await activate(store);
      const wish =
        code === 'other_incarnation' ? { holder: { incarnation: 'second' } } : { seenSeq: 99 };
      expect(await store.advance(request({ level: 10, ...wish }))).toMatchObject({
        ok: false,
        error: { code },
      });
      expect(await store.rows()).toMatchObject([{ mode: 'latched' }]);
      expect(await store.advance(request({ level: 10 }))).toMatchObject({
        ok: false,
        error: { code: 'latched' },
      });
    },
  );

  test('of requests that arrive at once for one place, one payload wins and stays', async () => {
    const store = openSqliteStore(path());
    await activate(store);
    const wishes = ['A', 'B', 'A', 'C', 'B'].map(payload => request({ level: 10, payload }));
    const outcomes = await Promise.all(wishes.map(wish => store.advance(wish)));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true, false, false]);
    await store.close();
  });
});

describe('one transaction', () => {
  /** A medium that counts its commits and breaks at one of them. */
  function counted(breaksAt = Infinity): {
    medium: Medium;
    commits: () => number;
    kept: Map<string, Row>;
  } {
    const kept = new Map<string, Row>();
    let commits = 0;
    const nameOf = (row: { pkh: string; kind: string }) => `${row.pkh}/${row.kind}`;
    const medium: Medium = {
      rows: {
        get: key => kept.get(nameOf(key)),
        ofKey: (_chain, pkh) => [...kept.values()].filter(row => row.pkh === pkh),
        all: () => [...kept.values()],
        write: row => {
          kept.set(nameOf(row), row);
          return true;
        },
      },
      begin: () => undefined,
      commit: () => {
        commits += 1;
        if (commits >= breaksAt) throw new Error('no space left on device');
      },
      rollback: () => undefined,
      close: () => undefined,
    };
    return { medium, commits: () => commits, kept };
  }

  test('serves 500 keys that ask at once', async () => {
    const { medium, commits } = counted();
    const store = storeOver(medium);
    const keys = Array.from({ length: 500 }, (_, key) => key);
    await Promise.all(keys.map(key => activate(store, key)));
    const before = commits();
    const outcomes = await Promise.all(keys.map(key => store.advance(request({ key, level: 10 }))));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(commits()).toBe(before + 1);
  });

  test('that fails refuses all that is in it, and the store makes no change any more', async () => {
    const { medium } = counted(3);
    const store = storeOver(medium);
    await activate(store);
    const both = [request({ level: 10 }), request({ level: 11 })].map(wish => store.advance(wish));
    for (const outcome of await Promise.allSettled(both)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    }
    await expect(store.advance(request({ level: 12 }))).rejects.toThrow(/no space left/);
  });

  test('nothing is permitted before the commit', async () => {
    const { medium } = counted();
    let committing = false;
    const store = storeOver({ ...medium, commit: () => (committing = true) });
    await activate(store);
    committing = false;
    const permission = store.advance(request({ level: 10 })).then(() => committing);
    expect(await permission).toBe(true);
  });

  test('a closed store refuses', async () => {
    const store = memoryStore();
    await activate(store);
    await store.close();
    await expect(store.advance(request({ level: 10 }))).rejects.toMatchObject({ code: 'closed' });
  });
});

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

test('a change that was made already is not written again', async () => {
  const store = memoryStore();
  await activate(store);
  await store.administer(attestationRow, row => ({ ok: true, value: latch(row!) }));
  const [before] = await store.rows();
  await store.administer(attestationRow, row => ({ ok: true, value: latch(row!) }));
  expect(await store.rows()).toEqual([before]);
});
