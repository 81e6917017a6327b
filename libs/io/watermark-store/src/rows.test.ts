import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toBase58 } from '@meridian/tezos';
import { KINDS, type Row } from '@meridian/watermark';
import { activate, CHAIN, pkhOf } from './fixtures.ts';
import { memoryMedium, memoryStore } from './memory.ts';
import { CREATE_TABLE, rowsIn } from './sqlite-rows.ts';
import type { Rows } from './store.ts';

let folder = '';
let database: DatabaseSync;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rows-'));
  database = new DatabaseSync(join(folder, 'rows.sqlite'));
  database.exec(CREATE_TABLE);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const OTHER_CHAIN = toBase58('chainId', Uint8Array.of(4, 3, 2, 1));

/** A row as a store makes it, and one that never was. */
async function newRow(): Promise<Row> {
  const store = memoryStore();
  await activate(store);
  const [row] = await store.rows();
  return { ...row!, seq: 0 };
}

describe.each<[string, () => Rows]>([
  ['memory', () => memoryMedium(new Map()).rows],
  ['SQLite', () => rowsIn(database)],
])('the rows in %s', (_medium, open) => {
  test('give back what was written, field by field', async () => {
    const rows = open();
    const row = await newRow();
    const filled: Row = {
      ...row,
      ...{ digest: 'd1', bytes: 'b1', signature: 's1', mode: 'latched', latchedFrom: 'frozen' },
      ...{ site: 'ie', epoch: 3, generation: 4, maxLevel: 5, handedEpoch: 6, burntEpoch: 7 },
    };
    expect(rows.write(filled)).toBe(true);
    expect({ ...rows.get(row) }).toEqual(filled);
  });

  test('take a new row only where none stands', async () => {
    const rows = open();
    const row = await newRow();
    expect(rows.write({ ...row, seq: 1 })).toBe(false);
    expect(rows.all()).toEqual([]);
    expect(rows.write(row)).toBe(true);
    expect(rows.write({ ...row, signature: 'another' })).toBe(false);
    expect({ ...rows.get(row) }).toEqual(row);
  });

  test('are written only over the row with the seq before', async () => {
    const rows = open();
    const row = await newRow();
    rows.write(row);
    for (const seq of [2, 3]) expect(rows.write({ ...row, signature: 'x', seq })).toBe(false);
    const next = { ...row, signature: 'y', seq: 1 };
    expect(rows.write(next)).toBe(true);
    expect(rows.write({ ...next, signature: 'z' })).toBe(false);
    expect({ ...rows.get(row) }).toEqual(next);
  });

  test('are told apart by chain, key and kind, each alone', async () => {
    const rows = open();
    const row = await newRow();
    const others = [
      { ...row, chainId: OTHER_CHAIN },
      { ...row, pkh: pkhOf(2) },
      { ...row, kind: 'block' as const },
    ];
    for (const each of [row, ...others]) expect(rows.write(each)).toBe(true);
    const next = { ...row, signature: 'y', seq: 1 };
    expect(rows.write(next)).toBe(true);
    for (const each of others) expect({ ...rows.get(each) }).toEqual(each);
    expect(rows.all()).toHaveLength(4);
  });

  test('of a key are its rows of every kind, and of no other key or chain', async () => {
    const rows = open();
    const row = await newRow();
    for (const kind of KINDS) rows.write({ ...row, kind });
    rows.write({ ...row, pkh: pkhOf(2) });
    rows.write({ ...row, chainId: OTHER_CHAIN });
    const found = rows.ofKey(CHAIN, pkhOf(1));
    expect(found.map(({ kind }) => kind).sort()).toEqual([...KINDS].sort());
    expect(found.every(({ chainId, pkh }) => chainId === CHAIN && pkh === row.pkh)).toBe(true);
  });
});

test.each<[string, Partial<Record<keyof Row, unknown>>]>([
  ['of no known kind', { kind: 'transfer' }],
  ['in no known mode', { mode: 'open' }],
  ['with no known history', { history: 'bright' }],
  ['below level 0', { level: -1 }],
  ['at a level that is text', { level: 'ten' }],
  ['at a level between two', { level: 10.5 }],
  ['at no level', { level: null }],
  ['at a level that is no number', { level: NaN }],
  ['at a negative round', { round: -1 }],
  ['without a round', { round: null }],
  ['without an epoch', { epoch: null }],
  ['without a site', { site: null }],
  ['without an incarnation', { incarnation: null }],
  ['without a generation', { generation: null }],
  ['without a lease end', { maxLevel: null }],
  ['without a burnt epoch', { burntEpoch: null }],
])('SQLite takes no row %s', async (_what, change) => {
  const rows = rowsIn(database);
  const row = { ...(await newRow()), ...change } as Row;
  let taken = false;
  try {
    taken = rows.write(row);
  } catch {
    // As good as a false.
  }
  expect(taken).toBe(false);
  expect(rows.all()).toEqual([]);
});

test('SQLite holds no two rows for one chain, key and kind, whatever is asked of the table', async () => {
  const rows = rowsIn(database);
  rows.write(await newRow());
  expect(() => {
    database.exec('INSERT INTO watermark SELECT * FROM watermark');
  }).toThrow(/UNIQUE/);
});

test('memory that is rolled back is what it was at the last beginning', async () => {
  const medium = memoryMedium(new Map());
  const row = await newRow();
  medium.begin();
  medium.rows.write(row);
  medium.commit([]);
  medium.begin();
  medium.rows.write({ ...row, signature: 'y', seq: 1 });
  medium.rows.write({ ...row, kind: 'block' });
  medium.rollback();
  expect(medium.rows.all()).toEqual([row]);
});
