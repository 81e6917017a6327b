import { expect, test } from 'vitest';
import { toBase58 } from '@meridian/tezos';
import { freeze, latch } from './administration.ts';
import { activeRow, granted, HOLDER, request } from './fixtures.ts';
import { advance, seal } from './index.ts';
import type { Kind, Row } from './index.ts';

const BLOCK = { kind: 'block', level: 100 } as const;

function permitted(kind: Kind, level = 100): Row {
  const outcome = advance(activeRow(kind), request({ kind, level }));
  if (!outcome.ok) throw new Error(outcome.error.code);
  return outcome.value.row;
}

function sealed(row: Row, wish: Parameters<typeof request>[0], signature: string): string | Row {
  const outcome = seal(row, request(wish), signature);
  return outcome.ok ? outcome.value : outcome.error.code;
}

test('a sealed block gives out its stored signature again', () => {
  const row = sealed(permitted('block'), BLOCK, 'sig1') as Row;
  const again = advance(row, request(BLOCK));
  expect(again.ok && again.value.signature).toBe('sig1');
});

test('sealing a block again with the same signature succeeds, with another one never', () => {
  const row = sealed(permitted('block'), BLOCK, 'sig1') as Row;
  expect(sealed(row, BLOCK, 'sig1')).toMatchObject({ signature: 'sig1' });
  expect(sealed(row, BLOCK, 'sig2')).toBe('block_spent');
});

test('a signature is never stored in another key’s row', () => {
  const wish = { kind: 'attestation', level: 100 } as const;
  const other = { ...request(wish), pkh: toBase58('tz1', new Uint8Array(20)) };
  expect(() => seal(permitted('attestation'), other, 'sig1')).toThrow(
    /its own chain, key and kind/,
  );
});

test('a vote may be sealed again with another signature of the same bytes', () => {
  const wish = { kind: 'attestation', level: 100 } as const;
  const row = sealed(permitted('attestation'), wish, 'sig1') as Row;
  expect(sealed(row, wish, 'sig2')).toMatchObject({ signature: 'sig2' });
});

test('a signature is thrown away once its row was frozen, latched, fenced or is gone', () => {
  const row = permitted('block');
  expect(sealed(granted(freeze(row, HOLDER, 2)), BLOCK, 'sig1')).toBe('frozen');
  expect(sealed(latch(row), BLOCK, 'sig1')).toBe('latched');
  expect(sealed({ ...row, epoch: 2 }, BLOCK, 'sig1')).toBe('fenced');
  expect(sealed({ ...row, incarnation: 'second' }, BLOCK, 'sig1')).toBe('other_incarnation');
  expect(seal(undefined, request(BLOCK), 'sig1')).toMatchObject({ error: { code: 'missing_row' } });
});

test('a signature is thrown away when the mark moved on', () => {
  expect(sealed(permitted('block', 101), BLOCK, 'sig1')).toBe('below_mark');
});

test('a mark that does not hold what was permitted is that of a store that fell back', () => {
  const vote = { kind: 'attestation', level: 100, payload: 'B' } as const;
  expect(sealed(permitted('block'), { ...BLOCK, payload: 'B' }, 'sig1')).toBe('store_went_back');
  expect(sealed(permitted('attestation'), vote, 'sig1')).toBe('store_went_back');
  expect(sealed(permitted('block'), { ...BLOCK, level: 101 }, 'sig1')).toBe('store_went_back');
  const floor = { ...permitted('block'), digest: null };
  expect(sealed(floor, BLOCK, 'sig1')).toBe('store_went_back');
});

test('a row with a lower sequence than was seen stores no signature', () => {
  const row = permitted('block');
  const outcome = seal(row, request(BLOCK, HOLDER, row.seq + 1), 'sig1');
  expect(outcome).toMatchObject({ error: { code: 'store_went_back' } });
  expect(seal(row, request(BLOCK, HOLDER, row.seq), 'sig1').ok).toBe(true);
});
