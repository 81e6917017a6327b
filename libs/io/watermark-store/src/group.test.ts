import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ok } from '@meridian/prelude';
import type { Row, RowKey } from '@meridian/watermark';
import { activate, CHAIN, pkhOf, request } from './fixtures.ts';
import { memoryJournal, memoryStore, openSqliteStore } from './index.ts';
import { storeOver, type Medium } from './store.ts';

/** More than the changes that a store lets wait. */
const MORE_THAN_WAITS = 4_097;
const attestationRow = { chainId: CHAIN, pkh: pkhOf(1), kind: 'attestation' } as const;

/** A medium that writes whatever it is told, and lets a test change what it does. */
function loose(): { medium: Medium; log: string[]; on: { commit: () => void; takes: boolean } } {
  const kept = new Map<string, Row>();
  const log: string[] = [];
  const on = { commit: (): void => undefined, takes: true };
  const nameOf = (row: { pkh: string; kind: string }) => `${row.pkh}/${row.kind}`;
  const medium: Medium = {
    rows: {
      get: key => kept.get(nameOf(key)),
      ofKey: (_chain, pkh) => [...kept.values()].filter(row => row.pkh === pkh),
      all: () => [...kept.values()],
      write: row => {
        log.push('write');
        if (on.takes) kept.set(nameOf(row), row);
        return on.takes;
      },
    },
    begin: () => log.push('begin'),
    commit: () => {
      log.push('commit');
      on.commit();
    },
    rollback: () => log.push('rollback'),
    close: () => log.push('close'),
  };
  return { medium, log, on };
}

const fails = () => {
  throw new Error('no space left on device');
};

describe('one transaction', () => {
  test('serves 500 keys that ask at once', async () => {
    const { medium, log } = loose();
    const store = storeOver(medium);
    const keys = Array.from({ length: 500 }, (_, key) => key);
    await Promise.all(keys.map(key => activate(store, key)));
    log.length = 0;
    const outcomes = await Promise.all(keys.map(key => store.advance(request({ key, level: 10 }))));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(log).toEqual(['begin', ...keys.map(() => 'write'), 'commit']);
  });

  test('that fails refuses all that is in it, and the store makes no change any more', async () => {
    const { medium, log, on } = loose();
    const store = storeOver(medium);
    await activate(store);
    on.commit = fails;
    log.length = 0;
    const both = [request({ level: 10 }), request({ level: 11 })].map(wish => store.advance(wish));
    for (const outcome of await Promise.allSettled(both)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    }
    expect(log).toEqual(['begin', 'write', 'write', 'commit', 'rollback', 'close']);
    // The disk is well again, but who knows what it kept.
    on.commit = () => undefined;
    for (const change of [
      () => store.advance(request({ level: 12 })),
      () => store.seal(request({ level: 10 }), 'sig'),
      () => store.administer(attestationRow, ok),
      () => store.rows(),
      () => store.probe(),
    ]) {
      await expect(change()).rejects.toThrow(/no space left/);
    }
    await store.close();
    expect(log.at(-1)).toBe('close');
    expect(log.filter(each => each === 'close')).toHaveLength(1);
  });

  test('permits nothing before it is durable', async () => {
    const { medium, log, on } = loose();
    const store = storeOver(medium);
    await activate(store);
    log.length = 0;
    on.commit = () => log.push('durable');
    await store.advance(request({ level: 10 })).then(() => log.push('permitted'));
    expect(log).toEqual(['begin', 'write', 'commit', 'durable', 'permitted']);
  });

  test('that finds another row than it read refuses, whatever the medium says', async () => {
    const { medium, on } = loose();
    const store = storeOver(medium);
    await activate(store);
    on.takes = false;
    await expect(store.advance(request({ level: 10 }))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  test('that writes over another row than it read refuses, though the medium would take it', async () => {
    const { medium } = loose();
    const { get } = medium.rows;
    let times = 0;
    const rows = {
      ...medium.rows,
      get: (key: RowKey) => {
        const row = get(key);
        times += 1;
        return row === undefined || times % 2 > 0 ? row : { ...row, seq: row.seq + 1 };
      },
    };
    const store = storeOver({ ...medium, rows });
    await activate(storeOver(medium));
    const refused = store.advance(request({ level: 10 }));
    await expect(refused).rejects.toThrow(/written over the one that it came from/);
  });

  test('decides by the rows that are in it, not by those of the moment of asking', async () => {
    const store = memoryStore();
    await activate(store);
    const outcomes = await Promise.all(
      ['A', 'B'].map(payload => store.advance(request({ level: 10, payload }))),
    );
    expect(outcomes).toMatchObject([{ ok: true }, { error: { code: 'conflicting_vote' } }]);
  });

  test('writes no row that was not made of the one that stands there', async () => {
    const { medium } = loose();
    const store = storeOver(medium);
    await activate(store);
    const [before] = await store.rows();
    const lowered = { ...before!, level: before!.level - 1 } as Row;
    await expect(store.administer(attestationRow, () => ok([lowered]))).rejects.toMatchObject({
      code: 'mistake',
    });
    expect(await store.rows()).toEqual([before]);
  });
});

describe.each(['memory', 'SQLite'] as const)('a change that throws, in %s,', which => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is refused alone, and what came with it is there', async () => {
    const kept = new Map<string, Row>();
    const open = () =>
      which === 'memory' ? memoryStore(kept) : openSqliteStore(folder, memoryJournal());
    const store = open();
    await activate(store);
    const group = [
      store.advance(request({ level: 10 })),
      store.administer(attestationRow, () => {
        throw new Error('a bug');
      }),
      store.advance(request({ level: 11 })),
    ];
    expect(await Promise.allSettled(group)).toMatchObject([
      { value: { ok: true } },
      { reason: { code: 'mistake' } },
      { value: { ok: true } },
    ]);
    await store.close();
    const again = open();
    expect(await again.rows()).toMatchObject([{ level: 11 }]);
    await again.close();
  });
});

test('what a failed transaction wrote before it failed is not in the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  const store = openSqliteStore(folder, memoryJournal());
  await activate(store);
  const group = [
    store.advance(request({ level: 10 })),
    // No such mode is taken by the table.
    store.administer(attestationRow, ([row]) =>
      ok([{ ...row!, mode: 'open' as 'active', seq: row!.seq + 1 }]),
    ),
  ];
  expect(await Promise.allSettled(group)).toMatchObject([
    { reason: { code: 'unavailable' } },
    { reason: { code: 'unavailable' } },
  ]);
  const again = openSqliteStore(folder, memoryJournal());
  expect(await again.rows()).toMatchObject([{ level: 9 }]);
  await again.close();
  rmSync(folder, { recursive: true });
});

describe('a store', () => {
  test('that is closed refuses', async () => {
    const { medium, log } = loose();
    const store = storeOver(medium);
    await activate(store);
    await expect(store.probe()).resolves.toBeUndefined();
    await store.close();
    await store.close();
    log.length = 0;
    await expect(store.advance(request({ level: 10 }))).rejects.toMatchObject({ code: 'closed' });
    await expect(store.probe()).rejects.toMatchObject({ code: 'closed' });
    expect(log).toEqual([]);
  });

  test('that is being closed makes durable what it was asked before', async () => {
    const { medium, log } = loose();
    const store = storeOver(medium);
    await activate(store);
    log.length = 0;
    const asked = store.advance(request({ level: 10 }));
    await store.close();
    expect(log).toEqual(['begin', 'write', 'commit', 'close']);
    expect(await asked).toMatchObject({ ok: true });
  });

  test('lets a bounded number of changes wait, and refuses the others at once', async () => {
    const { medium, log } = loose();
    const store = storeOver(medium);
    const asked = Array.from({ length: MORE_THAN_WAITS }, () => store.rows());
    await expect(asked.at(-1)).rejects.toMatchObject({ code: 'overloaded' });
    expect(log).toEqual([]);
    await expect(asked.at(-2)).resolves.toEqual([]);
  });
});
