import { assert } from '@meridian/prelude';
import type { Fields, Parameter } from '@meridian/database';
import { fromBase58, fromHex, toBase58 } from '@meridian/tezos';
import type { Kind, Row } from '@meridian/watermark';

/** How a column is called, and of which type it is; both servers mean the same by these. */
type Column = { readonly column: string; readonly type: 'BYTEA' | 'TEXT' | 'INT2' | 'INT8' };

/** The columns of a row; the first three are its key. */
export const COLUMNS = {
  chainId: { column: 'chain_id', type: 'BYTEA' },
  pkh: { column: 'pkh', type: 'TEXT' },
  kind: { column: 'kind', type: 'INT2' },
  level: { column: 'level', type: 'INT8' },
  round: { column: 'round', type: 'INT8' },
  digest: { column: 'digest', type: 'BYTEA' },
  bytes: { column: 'bytes', type: 'BYTEA' },
  signature: { column: 'sig', type: 'TEXT' },
  mode: { column: 'mode', type: 'TEXT' },
  latchedFrom: { column: 'latched_from', type: 'TEXT' },
  history: { column: 'history', type: 'TEXT' },
  site: { column: 'site', type: 'TEXT' },
  epoch: { column: 'epoch', type: 'INT8' },
  incarnation: { column: 'incarnation', type: 'TEXT' },
  generation: { column: 'generation', type: 'INT8' },
  maxLevel: { column: 'max_level', type: 'INT8' },
  handedEpoch: { column: 'handed_epoch', type: 'INT8' },
  burntEpoch: { column: 'burnt_epoch', type: 'INT8' },
  seq: { column: 'seq', type: 'INT8' },
} as const satisfies Record<keyof Row, Column>;

/** A field of a row. */
export type Name = keyof typeof COLUMNS;
export const NAMES = Object.keys(COLUMNS) as readonly Name[];

/** The bytes that a kind is known by on the wire. */
const KIND_NUMBERS: Readonly<Record<Kind, number>> = {
  block: 17,
  preattestation: 18,
  attestation: 19,
};

/** A field as a statement takes it. */
export function parameterOf(name: Name, value: Row[Name]): Parameter {
  if (value === null) return null;
  if (name === 'chainId') return fromBase58('chainId', value);
  if (name === 'kind') return KIND_NUMBERS[value as Kind];
  return COLUMNS[name].type === 'BYTEA' ? fromHex(String(value)) : value;
}

/** A row from an answer that has all of its columns. */
export function rowOf(fields: Fields): Row {
  return Object.fromEntries(NAMES.map(name => [name, fieldOf(name, fields)])) as Row;
}

function fieldOf(name: Name, fields: Fields): unknown {
  const value = fields[COLUMNS[name].column];
  assert(value !== undefined, 'an answer has every column of a row');
  if (name === 'chainId') return toBase58('chainId', fromHex(value as string));
  if (name !== 'kind') return value;
  const kinds = Object.keys(KIND_NUMBERS) as readonly Kind[];
  return kinds.find(kind => KIND_NUMBERS[kind] === value);
}
