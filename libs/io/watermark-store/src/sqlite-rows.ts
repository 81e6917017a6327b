import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Row } from '@meridian/watermark';
import type { Rows } from './store.ts';

/** The columns of a row, with their checks; the first three are its key. */
const COLUMNS: readonly (readonly [keyof Row, string])[] = [
  ['chainId', 'TEXT NOT NULL'],
  ['pkh', 'TEXT NOT NULL'],
  ['kind', "TEXT NOT NULL CHECK (kind IN ('block', 'preattestation', 'attestation'))"],
  ['level', 'INTEGER NOT NULL CHECK (level >= 0)'],
  ['round', 'INTEGER NOT NULL CHECK (round >= 0)'],
  ['digest', 'TEXT'],
  ['bytes', 'TEXT'],
  ['signature', 'TEXT'],
  ['mode', "TEXT NOT NULL CHECK (mode IN ('standby', 'active', 'frozen', 'latched'))"],
  ['latchedFrom', 'TEXT'],
  ['history', "TEXT NOT NULL CHECK (history IN ('new', 'known', 'doubtful'))"],
  ['site', 'TEXT NOT NULL'],
  ['epoch', 'INTEGER NOT NULL'],
  ['incarnation', 'TEXT NOT NULL'],
  ['generation', 'INTEGER NOT NULL'],
  ['maxLevel', 'INTEGER NOT NULL'],
  ['handedEpoch', 'INTEGER'],
  ['burntEpoch', 'INTEGER NOT NULL'],
  ['seq', 'INTEGER NOT NULL CHECK (seq >= 0)'],
];
const NAMES = COLUMNS.map(([name]) => name);
const KEY = NAMES.slice(0, 3);

/** Makes the table: what is no row cannot be written, whoever writes it. */
export const CREATE_TABLE = `CREATE TABLE watermark (
  ${COLUMNS.map(([name, type]) => `${name} ${type}`).join(',\n  ')},
  PRIMARY KEY (${KEY.join(', ')})
) STRICT`;

const WHOLE_ROW = `watermark (${NAMES.join(', ')}) VALUES (${NAMES.map(() => '?').join(', ')})`;

/** The rows in the table of an open database. */
export function rowsIn(database: DatabaseSync): Rows {
  const where = KEY.map(name => `${name} = ?`).join(' AND ');
  const insert = database.prepare(`INSERT INTO ${WHOLE_ROW} ON CONFLICT DO NOTHING`);
  const changed = NAMES.slice(KEY.length);
  const update = database.prepare(
    `UPDATE watermark SET ${changed.map(name => `${name} = ?`).join(', ')} WHERE ${where} AND seq = ?`,
  );
  const one = database.prepare(`SELECT * FROM watermark WHERE ${where}`);
  const ofKey = database.prepare('SELECT * FROM watermark WHERE chainId = ? AND pkh = ?');
  const all = database.prepare('SELECT * FROM watermark ORDER BY chainId, pkh, kind');
  return {
    get: ({ chainId, pkh, kind }) => one.get(chainId, pkh, kind) as Row | undefined,
    ofKey: (chainId, pkh) => ofKey.all(chainId, pkh) as Row[],
    all: () => all.all() as Row[],
    write: row => {
      const outcome =
        row.seq === 0
          ? insert.run(...valuesOf(row, NAMES))
          : update.run(...valuesOf(row, changed), ...valuesOf(row, KEY), row.seq - 1);
      return outcome.changes === 1;
    },
  };
}

/** Writes rows over whatever stands there: for what is known of a store, never for the store. */
export function rowWriter(database: DatabaseSync): (row: Row) => void {
  const replace = database.prepare(`INSERT OR REPLACE INTO ${WHOLE_ROW}`);
  return row => {
    replace.run(...valuesOf(row, NAMES));
  };
}

function valuesOf(row: Row, names: readonly (keyof Row)[]): SQLInputValue[] {
  return names.map(name => row[name]);
}
