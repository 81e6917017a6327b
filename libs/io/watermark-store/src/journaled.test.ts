import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assert, err, ok } from '@meridian/prelude';
import { level, round } from '@meridian/tezos';
import { KINDS, type RefusalCode, type Row } from '@meridian/watermark';
import { latchKey, releaseKey } from '@meridian/watermark/administration';
import { activate, CHAIN, pkhOf, request } from './fixtures.ts';
import { memoryJournal, memoryStore, openJournal, openSqliteStore } from './index.ts';
import type { JournaledStore, KeptJournal } from './index.ts';
import { storeWith } from './journaled.ts';
import { memoryMedium } from './memory.ts';

let above = '';
beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'journaled-'));
});
afterEach(() => rmSync(above, { recursive: true, force: true }));

const folder = () => join(above, 'store');
const file = () => join(folder(), 'watermark.sqlite');
const journalFile = () => join(above, 'journal.sqlite');
const open = () => openSqliteStore(folder(), openJournal(journalFile()));
const KEY = { chainId: CHAIN, pkh: pkhOf(1) };
const ATTESTATION = { ...KEY, kind: 'attestation' } as const;

/** Signs at these levels in a store that is opened and closed for it. */
async function sign(...levels: readonly number[]): Promise<void> {
  const store = open();
  if ((await store.rows()).length === 0) {
    await activate(store, 1, KINDS);
    await activate(store, 2);
  }
  for (const each of levels) {
    expect(await store.advance(request({ level: each }))).toMatchObject({ ok: true });
  }
  await store.close();
}

/** Changes the store as another program would. */
function edit(sql: string): void {
  const database = new DatabaseSync(file());
  database.exec(sql);
  database.close();
}

/** What is found, that every row of the key and none of another is latched, and that nothing is signed with it. */
async function finds(code: RefusalCode, rowsLeft = 3): Promise<JournaledStore> {
  const store = open();
  expect([...new Set(store.findings.map(found => found.code))]).toEqual([code]);
  expect(store.findings.every(({ known }) => known.pkh === KEY.pkh)).toBe(true);
  const modes = async (key: number) =>
    (await store.read(CHAIN, pkhOf(key))).map(({ mode }) => mode);
  expect(await modes(1)).toEqual(Array.from({ length: rowsLeft }, () => 'latched'));
  expect(await modes(2)).toEqual(['active']);
  const known = store.journal.known(ATTESTATION);
  for (const each of [8, 9, 10, 11, 12, 50]) {
    expect(await store.advance(request({ level: each, payload: 'B' }))).toMatchObject({
      ok: false,
    });
  }
  // What the latches wrote made the journal forget nothing.
  expect(store.journal.known(ATTESTATION)).toEqual(known);
  expect(known).toMatchObject({ level: 11, mode: 'active' });
  return store;
}

describe('a store is opened and', () => {
  test('what it was left with is what the journal knows', async () => {
    await sign(10, 11);
    const store = open();
    expect(store.findings).toEqual([]);
    const rows = await store.rows();
    const byName = (one: Row, other: Row) => (one.pkh + one.kind < other.pkh + other.kind ? -1 : 1);
    expect([...store.journal.rows()].sort(byName)).toEqual([...rows].sort(byName));
    await store.close();
    await sign(12);
  });

  test('its whole folder was put back to an earlier state', async () => {
    await sign(10);
    cpSync(folder(), join(above, 'copy'), { recursive: true });
    await sign(11);
    rmSync(folder(), { recursive: true });
    renameSync(join(above, 'copy'), folder());
    const store = await finds('store_went_back');
    const [found] = store.findings;
    expect(found).toMatchObject({ known: { level: 11 }, stored: { level: 10, mode: 'active' } });
    await store.close();
  });

  test('a copy of its file without the log of writes was put in its place', async () => {
    await sign(10);
    const store = open();
    await store.advance(request({ level: 11 }));
    expect(readdirSync(folder())).toContain('watermark.sqlite-wal');
    copyFileSync(file(), join(above, 'copy'));
    await store.close();
    rmSync(folder(), { recursive: true });
    mkdirSync(folder());
    renameSync(join(above, 'copy'), file());
    await (await finds('store_went_back')).close();
  });

  test('it is another one that knows nothing of a row, or of a key', async () => {
    await sign(10, 11);
    edit("DELETE FROM watermark WHERE kind = 'block'");
    await (await finds('missing_row', 2)).close();
    edit(`DELETE FROM watermark WHERE pkh = '${KEY.pkh}'`);
    await (await finds('missing_row', 0)).close();
  });

  test.each<[string, RefusalCode, string]>([
    ['a lower mark', 'edited_row', 'level = 10'],
    ['a lower mark, and counted on', 'store_went_back', 'level = 10, seq = seq + 1'],
    ['a lower mark, and counted far on', 'store_went_back', 'level = 10, seq = seq + 99'],
    ['a higher mark', 'edited_row', 'level = 12'],
    ['another payload', 'edited_row', "digest = 'ff'"],
    ['another payload, and counted on', 'edited_row', "digest = 'ff', seq = seq + 1"],
    ['no payload', 'edited_row', 'digest = NULL'],
    ['another mode', 'edited_row', "mode = 'standby'"],
    ['a later end of its lease', 'edited_row', 'maxLevel = maxLevel - 1'],
    ['another site', 'edited_row', "site = 'ie'"],
    ['another epoch', 'edited_row', 'epoch = 2'],
    ['another incarnation', 'other_incarnation', "incarnation = 'other'"],
    ['a lower count', 'store_went_back', 'seq = seq - 1'],
  ])('a row was edited: it has %s', async (_what, code, change) => {
    await sign(10, 11);
    edit(`UPDATE watermark SET ${change} WHERE kind = 'attestation' AND pkh = '${KEY.pkh}'`);
    await (await finds(code)).close();
    // That it is latched is durable, and what was found is no reason to latch others.
    const again = open();
    const rows = await again.rows();
    expect(rows.map(({ mode }) => mode).sort()).toEqual([
      'active',
      'latched',
      'latched',
      'latched',
    ]);
    await again.close();
  });

  test('an operator released it since: that is told, and the row is not to blame', async () => {
    await sign(10, 11);
    const journal = openJournal(journalFile());
    const store = openSqliteStore(folder(), { ...journal, note: () => undefined });
    await release(store, 20);
    await store.close();
    const again = open();
    expect(again.findings.map(({ code }) => code)).toEqual(KINDS.map(() => 'superseded'));
    expect(await modesOf(again)).toEqual(['standby', 'standby', 'standby']);
    await again.close();
  });

  test('the journal is new: it knows nothing, and learns no row from what is written', async () => {
    await sign(10);
    rmSync(journalFile());
    const store = open();
    expect(store.findings).toEqual([]);
    await store.administer(KEY, rows => ok(latchKey(rows)));
    expect(store.journal.rows()).toEqual([]);
    await store.close();
  });

  test('the journal is a file of another kind, or is a copy that knows less', async () => {
    await sign(10);
    copyFileSync(journalFile(), join(above, 'copy'));
    copyFileSync(file(), join(above, 'store-file'));
    await sign(11);
    renameSync(join(above, 'store-file'), journalFile());
    expect(open).toThrow(expect.objectContaining({ code: 'foreign_schema' }) as Error);
    renameSync(join(above, 'copy'), journalFile());
    const store = open();
    expect(store.findings).toEqual([]);
    await store.close();
  });
});

async function modesOf(store: JournaledStore): Promise<readonly string[]> {
  return (await store.read(CHAIN, KEY.pkh)).map(({ mode }) => mode);
}

/** Latches and releases the key as an operator would. */
async function release(store: JournaledStore, floor: number): Promise<void> {
  const given = {
    floor: { level: level(floor), round: round(0) },
    horizonEnd: 1,
    incarnation: 'second',
  };
  for (const change of [
    (rows: readonly Row[]) => ok(latchKey(rows)),
    (rows: readonly Row[]) => releaseKey(rows, given),
  ]) {
    const changed = await store.administer(KEY, change);
    assert(changed.ok, 'a key is latched and released');
  }
}

describe('a release after a store went back', () => {
  /** A store at level 10 whose journal knows level 11. */
  async function wentBack(): Promise<JournaledStore> {
    await sign(10);
    cpSync(folder(), join(above, 'copy'), { recursive: true });
    await sign(11);
    rmSync(folder(), { recursive: true });
    renameSync(join(above, 'copy'), folder());
    return open();
  }

  test('that is above both is what the journal knows from then on', async () => {
    const store = await wentBack();
    await release(store, 12);
    expect(store.journal.known(ATTESTATION)).toMatchObject({ level: 12, incarnation: 'second' });
    await store.close();
    const again = open();
    expect(again.findings).toEqual([]);
    await again.close();
  });

  test('that is above the store alone makes the journal forget nothing', async () => {
    const store = await wentBack();
    await release(store, 11);
    expect(store.journal.known(ATTESTATION)).toMatchObject({ level: 11, incarnation: 'first' });
    await store.close();
    const again = open();
    const found = again.findings.find(({ known }) => known.kind === 'attestation');
    expect(['store_went_back', 'superseded']).toContain(found?.code);
    await again.close();
  });
});

describe('what a store writes', () => {
  test('is noted after it is durable there, and before anybody is told', async () => {
    const log: string[] = [];
    const medium = memoryMedium(new Map());
    const journal = memoryJournal();
    const logged = {
      ...journal,
      note: (rows: readonly Row[]) => {
        if (rows.length > 0) log.push('noted');
        journal.note(rows);
      },
    };
    const commit = (rows: readonly Row[]) => {
      medium.commit(rows);
      if (rows.length > 0) log.push('durable');
    };
    const store = storeWith({ ...medium, commit }, logged);
    await activate(store);
    log.length = 0;
    await store.advance(request({ level: 10 })).then(() => log.push('permitted'));
    expect(log).toEqual(['durable', 'noted', 'permitted']);
    expect(journal.rows()).toEqual(await store.rows());
  });

  test('is known as the last of what one transaction wrote', async () => {
    const store = memoryStore();
    await activate(store);
    await Promise.all([10, 11, 12].map(each => store.advance(request({ level: each }))));
    expect(store.journal.rows()).toEqual(await store.rows());
    expect(store.journal.rows()).toMatchObject([{ level: 12 }]);
  });

  test('is refused where the journal fails, and the store makes no further change', async () => {
    const kept: KeptJournal = { rows: new Map(), horizons: new Map() };
    const journal = memoryJournal(kept);
    const broken = { fails: false };
    const note = (rows: readonly Row[]) => {
      if (broken.fails) throw new Error('no space left on device');
      journal.note(rows);
    };
    const medium = memoryMedium(new Map());
    const store = storeWith(medium, { ...journal, note });
    await activate(store);
    broken.fails = true;
    await expect(store.advance(request({ level: 10 }))).rejects.toMatchObject({
      code: 'unavailable',
    });
    broken.fails = false;
    await expect(store.probe()).rejects.toThrow(/no space left/);
    expect(() => journal.probe()).toThrow(/closed/);
  });

  test('is nothing where a change is refused, and its journal is asked all the same', async () => {
    const store = open();
    await activate(store);
    rmSync(journalFile());
    const refused = store.administer(KEY, () => err('wrong_mode'));
    await expect(refused).rejects.toMatchObject({ code: 'replaced' });
  });
});

describe.each([
  ['store', file],
  ['journal', journalFile],
])('a %s that is replaced', (_which, which) => {
  const replace = () => {
    copyFileSync(which(), join(above, 'copy'));
    renameSync(join(above, 'copy'), which());
  };

  test('permits nothing any more, and lets go of both files', async () => {
    const store = open();
    await activate(store);
    await store.advance(request({ level: 10 }));
    await store.probe();
    replace();
    const refused = store.advance(request({ level: 11 }));
    await expect(refused).rejects.toMatchObject({ code: 'replaced' });
    await expect(store.probe()).rejects.toMatchObject({ code: 'replaced' });
    await expect(store.advance(request({ level: 12 }))).rejects.toMatchObject({ code: 'replaced' });
    await store.close();
    await open().close();
  });

  test('is not ready, though nobody asks for a signature', async () => {
    const store = open();
    replace();
    await expect(store.probe()).rejects.toMatchObject({ code: 'replaced' });
  });
});

test('a journal that is not where it was opens no store', () => {
  const journal = openJournal(journalFile());
  rmSync(journalFile());
  expect(() => openSqliteStore(folder(), journal)).toThrow(/another file stands in its place/);
});

test('a journal stays open where the store cannot be opened', async () => {
  await sign(10);
  edit('CREATE TABLE other (x)');
  const journal = openJournal(journalFile());
  expect(() => openSqliteStore(folder(), journal)).toThrow(/no watermark store/);
  journal.probe();
  journal.close();
});
