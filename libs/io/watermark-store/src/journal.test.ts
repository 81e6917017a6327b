import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { assert, duration, instant } from '@meridian/prelude';
import { level, toBase58 } from '@meridian/tezos';
import type { Horizon, Row } from '@meridian/watermark';
import { activate, CHAIN, request } from './fixtures.ts';
import { JOURNAL_DELAY_MS, memoryJournal, memoryStore, openJournal } from './index.ts';
import type { Journal, KeptJournal } from './index.ts';

let folder = '';
let kept: KeptJournal;
let row: Row;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  kept = { rows: new Map(), horizons: new Map() };
  const store = memoryStore();
  await activate(store);
  const permitted = await store.advance(request({ level: 10 }));
  assert(permitted.ok, 'a first level is permitted');
  row = permitted.value.row;
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, 'journal.sqlite');
const HORIZON: Horizon = {
  baseLevel: level(100),
  baseTime: instant(1_700_000_000_000.5),
  minimalBlockDelay: duration(6_000),
  slackLevels: 3,
};
const OTHER_CHAIN = toBase58('chainId', Uint8Array.of(4, 3, 2, 1));
const at = (height: number, seq = row.seq + 1): Row => ({ ...row, level: level(height), seq });

const MEDIA: readonly (readonly [string, () => Journal])[] = [
  ['memory', () => memoryJournal(kept)],
  ['SQLite', () => openJournal(path())],
];

/** What is known of the row after something was done, now and after the journal is opened again. */
function knownAfter(open: () => Journal, ...acts: readonly ((journal: Journal) => void)[]) {
  const journal = open();
  journal.learn([row]);
  for (const act of acts) act(journal);
  const now = journal.known(row);
  journal.close();
  const again = open();
  expect({ ...again.known(row) }).toEqual({ ...now });
  expect(again.rows()).toHaveLength(1);
  again.close();
  return now;
}

describe.each(MEDIA)('a journal in %s', (_medium, open) => {
  test('that is new knows nothing', () => {
    const journal = open();
    expect(journal.rows()).toEqual([]);
    expect(journal.known(row)).toBeUndefined();
    expect(journal.horizon(CHAIN)).toBeUndefined();
    journal.probe();
    journal.close();
  });

  test('knows what it was told, field by field, and each row apart', () => {
    const journal = open();
    const rows: readonly Row[] = [
      { ...row, mode: 'latched', latchedFrom: 'frozen', handedEpoch: 6, signature: 'sig' },
      { ...row, kind: 'block' },
      { ...row, chainId: OTHER_CHAIN },
    ];
    journal.learn(rows);
    journal.close();
    const again = open();
    for (const each of rows) expect({ ...again.known(each) }).toEqual(each);
    expect(again.rows()).toHaveLength(3);
    again.close();
  });
});

describe.each(MEDIA)('a row that a journal in %s knows', (_medium, open) => {
  test('gives way to what continues it', () => {
    expect(knownAfter(open, journal => journal.note([at(11)]))).toMatchObject({ level: 11 });
    const twice = knownAfter(open, journal => journal.note([at(11), at(12, row.seq + 2)]));
    expect(twice).toMatchObject({ level: 12 });
  });

  test.each<[string, () => Row]>([
    ['an earlier count', () => at(11, row.seq - 1)],
    ['the same count', () => at(11, row.seq)],
    ['a lower mark, however far it has counted', () => at(9, row.seq + 50)],
    ['another payload', () => ({ ...at(10), digest: 'ff' })],
    ['another incarnation', () => ({ ...at(11), incarnation: 'other' })],
    ['an earlier generation', () => ({ ...at(11), generation: row.generation - 1 })],
    ['a release below it', () => ({ ...at(9), incarnation: 'other', generation: 1 })],
    ['a release at it', () => ({ ...at(10), digest: null, incarnation: 'other', generation: 1 })],
    ['a new row', () => ({ ...at(500, 0), incarnation: 'other' })],
  ])('is not forgotten for %s', (_what, next) => {
    expect(knownAfter(open, journal => journal.note([next()]))).toEqual(row);
    expect(knownAfter(open, journal => journal.noteSoon(next()))).toEqual(row);
  });

  test('gives way to a release above it, though its store had counted less', () => {
    const released: Row = { ...at(11, 1), digest: null, incarnation: 'second', generation: 1 };
    expect(knownAfter(open, journal => journal.note([released]))).toEqual(released);
    // A store that others write to may say so, and only an operator can tell.
    expect(knownAfter(open, journal => journal.noteSoon(released))).toEqual(row);
  });

  test('is one that it saw begin, or was told', () => {
    const first: Row = { ...row, seq: 0, kind: 'block' };
    const journal = open();
    journal.note([row]);
    journal.noteSoon({ ...row, seq: 0 });
    expect(journal.rows()).toEqual([]);
    journal.note([first, { ...first, level: level(11), seq: 1 }]);
    expect(journal.rows()).toMatchObject([{ kind: 'block', level: 11, seq: 1 }]);
    journal.close();
  });

  test('gives way to a new holder only where nothing came between', () => {
    const later = (seq: number): Row => ({ ...at(11, seq), epoch: row.epoch + 1, site: 'ie' });
    expect(knownAfter(open, journal => journal.note([later(row.seq + 2)]))).toEqual(row);
    const next = later(row.seq + 1);
    expect(knownAfter(open, journal => journal.note([next]))).toEqual(next);
    // Nor is whose a row is ever taken from an answer of a store.
    expect(knownAfter(open, journal => journal.noteSoon(next))).toEqual(row);
  });

  test("gives way to an operator's word, whatever it was", () => {
    const other: Row = { ...at(1, 0), incarnation: 'other' };
    expect(knownAfter(open, journal => journal.learn([other]))).toEqual(other);
  });

  test("gives way to an operator's word also while it waits for the disk", () => {
    const other: Row = { ...at(1, 0), incarnation: 'other' };
    const known = knownAfter(
      open,
      journal => journal.noteSoon(at(11)),
      journal => journal.learn([other]),
    );
    expect(known).toEqual(other);
  });
});

describe.each(MEDIA)('a journal in %s', (_medium, open) => {
  test('knows the server of a database, the one that it was told of last', () => {
    const journal = open();
    expect(journal.server()).toBeUndefined();
    journal.setServer('first');
    journal.note([row]);
    expect(journal.server()).toBe('first');
    journal.setServer('second');
    journal.close();
    const again = open();
    expect(again.server()).toBe('second');
    again.close();
  });

  test('knows one horizon of each chain, the one that was drawn last', () => {
    const journal = open();
    journal.setHorizon(CHAIN, HORIZON);
    const slack = { ...HORIZON, slackLevels: 4 };
    journal.setHorizon(OTHER_CHAIN, slack);
    const lower = { ...HORIZON, baseLevel: level(99) };
    journal.setHorizon(CHAIN, lower);
    expect(journal.horizon(CHAIN)).toEqual(lower);
    journal.close();
    const again = open();
    expect(again.horizon(CHAIN)).toEqual(lower);
    expect(again.horizon(OTHER_CHAIN)).toEqual(slack);
    again.close();
  });

  test.each<Partial<Record<keyof Horizon, number>>>([
    { baseLevel: 1.5 },
    { baseLevel: -1 },
    { baseTime: NaN },
    { minimalBlockDelay: 0 },
    { minimalBlockDelay: Infinity },
    { slackLevels: NaN },
  ])('takes no horizon with %o, says why, and goes on', wrong => {
    const journal = open();
    journal.setHorizon(CHAIN, HORIZON);
    expect(() => journal.setHorizon(CHAIN, { ...HORIZON, ...wrong } as Horizon)).toThrow(
      Object.keys(wrong)[0],
    );
    expect(journal.horizon(CHAIN)).toEqual(HORIZON);
    journal.note([{ ...row, seq: 0 }]);
    journal.close();
  });

  test('that is closed takes nothing more, and still knows', () => {
    const journal = open();
    journal.learn([row]);
    journal.close();
    journal.close();
    for (const act of [
      () => journal.note([at(11)]),
      () => journal.noteSoon(at(11)),
      () => journal.learn([at(11)]),
      () => journal.setHorizon(CHAIN, HORIZON),
      () => journal.probe(),
    ]) {
      expect(act).toThrow(expect.objectContaining({ code: 'closed' }) as Error);
    }
    expect(journal.known(row)).toEqual(row);
  });
});

test.each<[string, (journal: Journal) => void]>([
  ['the time is up', () => vi.advanceTimersByTime(JOURNAL_DELAY_MS)],
  ['anything else is noted', journal => journal.note([{ ...row, kind: 'block', seq: 0 }])],
  ['it is closed', journal => journal.close()],
])('what is noted for soon is known at once, and kept once %s', (_when, act) => {
  vi.useFakeTimers();
  const journal = memoryJournal(kept);
  const durable = () => [...kept.rows.values()].find(({ kind }) => kind === 'attestation');
  journal.learn([row]);
  journal.noteSoon(at(11));
  journal.noteSoon(at(12, row.seq + 2));
  expect(journal.known(row)).toMatchObject({ level: 12 });
  vi.advanceTimersByTime(JOURNAL_DELAY_MS - 1);
  expect(durable()).toMatchObject({ level: 10 });
  act(journal);
  expect(durable()).toMatchObject({ level: 12 });
  expect(vi.getTimerCount()).toBe(0);
});

test('what is noted for soon waits no longer because there is more of it', () => {
  vi.useFakeTimers();
  const journal = memoryJournal(kept);
  journal.learn([row]);
  journal.noteSoon(at(11));
  vi.advanceTimersByTime(JOURNAL_DELAY_MS - 1);
  journal.noteSoon(at(12, row.seq + 2));
  vi.advanceTimersByTime(1);
  expect([...kept.rows.values()].map(each => each.level)).toEqual([12]);
});

describe('a journal in SQLite', () => {
  /** Every commit from now on fails, as on a full disk; who is told of what was not kept is told of it for good. */
  function fullDisk(): void {
    const exec = Reflect.get<DatabaseSync, 'exec'>(DatabaseSync.prototype, 'exec');
    vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (
      this: DatabaseSync,
      sql: string,
    ) {
      if (sql === 'COMMIT') throw new Error('disk is full');
      exec.call(this, sql);
    });
  }

  test('that could not keep something takes nothing more, and is let go of', () => {
    const journal = openJournal(path());
    journal.learn([row]);
    fullDisk();
    const full = expect.objectContaining({ code: 'unavailable' }) as Error;
    expect(() => journal.note([at(11)])).toThrow(full);
    expect(journal.known(row)).toEqual(row);
    vi.restoreAllMocks();
    expect(() => journal.note([at(11)])).toThrow(full);
    expect(() => journal.probe()).toThrow(full);
    const again = openJournal(path());
    expect(again.known(row)).toMatchObject({ level: 10 });
    again.close();
  });

  test('that could not keep what was noted for soon says so to whoever asks next', () => {
    vi.useFakeTimers();
    const journal = openJournal(path());
    journal.learn([row]);
    journal.noteSoon(at(11));
    fullDisk();
    vi.advanceTimersByTime(JOURNAL_DELAY_MS);
    vi.restoreAllMocks();
    expect(() => journal.noteSoon(at(12, row.seq + 2))).toThrow(/disk is full/);
    expect(() => journal.probe()).toThrow(/disk is full/);
  });

  test('is what every name means, seen from where it was opened', () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      const journal = openJournal(':memory:');
      journal.learn([row]);
      process.chdir(before);
      journal.probe();
      journal.close();
      const again = openJournal(join(folder, ':memory:'));
      expect(again.rows()).toHaveLength(1);
      again.close();
    } finally {
      process.chdir(before);
    }
  });
});
