import { describe, expect, test } from 'vitest';
import { TezosError } from '../errors.ts';
import { fromHex, toHex } from '../hex.ts';
import { byteReader, byteWriter } from './bytes.ts';
import { decode, dynamic, encode, joined, list, optional, record, union } from './encoding.ts';
import { bool, fixedHex, natural, restHex, slotEncoding, uint8 } from './primitives.ts';
import type { Encoding } from './encoding.ts';

const pair = record<{ one: number; two?: number }>({ one: uint8, two: optional(uint8) });
const nested = record<object>({
  name: fixedHex(2),
  items: dynamic(list(pair)),
  last: union([
    { tag: 7, kind: 'seven', fields: record<object>({ slot: slotEncoding }) },
    { tag: 8, kind: 'eight', fields: record<object>({}) },
  ]),
});

/** The place and code of a refusal. */
function refusal(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    return { code: error.code, path: error.path, offset: error.offset };
  }
}
const writing = (encoding: Encoding<unknown>, value: unknown): unknown =>
  refusal(() => encode(encoding, value));
const reading = (encoding: Encoding<unknown>, hex: string): unknown =>
  refusal(() => decode(encoding, fromHex(hex)));

describe('a value', () => {
  const value = {
    name: 'abcd',
    items: [{ one: 1 }, { one: 2, two: 3 }],
    last: { kind: 'seven', slot: 258 },
  };
  const hex = `abcd00000005010002ff03070102`;

  test('has its parts one after the other', () => {
    expect(toHex(encode(nested, value))).toBe(hex);
    expect(decode(nested, fromHex(hex))).toEqual(value);
  });

  test('of several objects is one object', () => {
    const both = joined<object>([pair, record({ three: uint8 })]);
    expect(both.names).toEqual(['one', 'two', 'three']);
    expect(toHex(encode(both, { three: 3, one: 1 }))).toBe('010003');
    expect(decode(both, fromHex('010003'))).toEqual({ one: 1, three: 3 });
    expect(writing(both, { one: 1, three: 3, four: 4 })).toMatchObject({ path: 'four' });
  });
});

describe('JSON that does not fit', () => {
  const fit = { name: 'abcd', items: [], last: { kind: 'eight' } };
  test.each([
    ['a field is missing', { ...fit, items: [{}] }, 'missing_field', 'items[0].one'],
    ['a field is undefined', { ...fit, items: undefined }, 'missing_field', 'items'],
    ['a field is null', { ...fit, items: [{ one: 1, two: null }] }, 'bad_type', 'items[0].two'],
    [
      'a field is too much',
      { ...fit, items: [{ one: 1, tow: 2 }] },
      'unknown_field',
      'items[0].tow',
    ],
    ['a field at the top is too much', { ...fit, more: 1 }, 'unknown_field', 'more'],
    [
      'a number is out of range',
      { ...fit, items: [{ one: 1 }, { one: 256 }] },
      'out_of_range',
      'items[1].one',
    ],
    ['a list is none', { ...fit, items: { 0: { one: 1 } } }, 'bad_type', 'items'],
    ['an object is none', { ...fit, items: [7] }, 'bad_type', 'items[0]'],
    ['an object is a list', { ...fit, items: [[]] }, 'bad_type', 'items[0]'],
    ['the value is null', null, 'bad_type', ''],
    ['text has another length', { ...fit, name: 'abcdef' }, 'out_of_range', 'name'],
    ['text is not hexadecimal', { ...fit, name: 'abcx' }, 'bad_text', 'name'],
    ['text is a number', { ...fit, name: 7 }, 'bad_type', 'name'],
    ['a kind is missing', { ...fit, last: {} }, 'missing_field', 'last.kind'],
    ['a kind is unknown', { ...fit, last: { kind: 'nine' } }, 'unknown_kind', 'last.kind'],
    ['a kind is no text', { ...fit, last: { kind: ['seven'] } }, 'unknown_kind', 'last.kind'],
    ['a kind lacks its field', { ...fit, last: { kind: 'seven' } }, 'missing_field', 'last.slot'],
    [
      'a kind has a foreign field',
      { ...fit, last: { kind: 'eight', slot: 1 } },
      'unknown_field',
      'last.slot',
    ],
  ])('is refused with the path of the field: %s', (_, value, code, path) => {
    expect(writing(nested, value)).toMatchObject({ code, path });
  });

  test('is refused when a field stands only in the prototype', () => {
    const inherited = Object.create({ one: 1 }) as unknown;
    expect(writing(pair, inherited)).toMatchObject({ code: 'missing_field', path: 'one' });
  });

  test('is refused when a field is called as a part of every object', () => {
    for (const text of ['{"one":1,"__proto__":{"two":2}}', '{"one":1,"constructor":1}']) {
      expect(writing(pair, JSON.parse(text))).toMatchObject({ code: 'unknown_field' });
    }
  });
});

describe('bytes that do not fit', () => {
  test.each([
    ['', 'truncated', 'name', 0],
    ['abcd000000', 'truncated', 'items', 2],
    ['abcd00000003', 'truncated', 'items', 6],
    ['abcdffffffff', 'truncated', 'items', 6],
    ['abcd0000000101', 'truncated', 'items[0].two', 7],
    ['abcd00000003010002', 'truncated', 'items[1].two', 9],
    ['abcd0000000201ff', 'truncated', 'items[0].two', 8],
    ['abcd000000020101', 'unknown_kind', 'items[0].two', 7],
    ['abcd0000000009', 'unknown_kind', 'last', 6],
    ['abcd000000000701', 'truncated', 'last.slot', 7],
    ['abcd000000000800', 'trailing_bytes', '', 7],
  ])('%s is refused with code, path and offset', (hex, code, path, offset) => {
    expect(reading(nested, hex)).toEqual({ code, path, offset });
  });

  test('do not end a value behind its length early', () => {
    const one = dynamic(uint8);
    expect(decode(one, fromHex('0000000107'))).toBe(7);
    const late = { code: 'trailing_bytes', path: '', offset: 5 };
    expect(reading(one, '000000020708')).toEqual(late);
    expect(reading(one, '00000000')).toEqual({ code: 'truncated', path: '', offset: 4 });
  });

  test('are refused where another presence byte stands', () => {
    const flagged = record<object>({ two: optional(uint8, { absent: 0, present: 1 }) });
    expect(decode(flagged, fromHex('0107'))).toEqual({ two: 7 });
    expect(decode(flagged, fromHex('00'))).toEqual({});
    expect(reading(flagged, 'ff07')).toMatchObject({ code: 'unknown_kind', offset: 0 });
  });
});

describe('primitive values', () => {
  test.each([
    ['0', '00'],
    ['1', '01'],
    ['63', '3f'],
    ['64', '8001'],
    ['2048', '8020'],
    ['8191', 'bf7f'],
    ['8192', '808001'],
    ['1152921504606846975', 'bfffffffffffffff1f'],
  ])('the number %s is %s', (decimal, hex) => {
    expect(toHex(encode(natural, decimal))).toBe(hex);
    expect(decode(natural, fromHex(hex))).toBe(decimal);
  });

  test.each([
    ['40', 'out_of_range', 0],
    ['41', 'out_of_range', 0],
    ['c001', 'out_of_range', 0],
    ['8000', 'not_canonical', 0],
    ['808000', 'not_canonical', 0],
    ['80', 'truncated', 1],
    ['', 'truncated', 0],
    [`${'80'.repeat(256)}01`, 'out_of_range', 0],
  ])('the bytes %.12s are no number', (hex, code, offset) => {
    expect(reading(natural, hex)).toEqual({ code, path: '', offset });
  });

  test('the largest number has 256 bytes both ways', () => {
    const hex = `bf${'ff'.repeat(254)}7f`;
    const decimal = decode(natural, fromHex(hex));
    expect(BigInt(decimal)).toBe(2n ** 1791n - 1n);
    expect(toHex(encode(natural, decimal))).toBe(hex);
    const larger = (BigInt(decimal) + 1n).toString();
    expect(writing(natural, larger)).toMatchObject({ code: 'out_of_range' });
  });

  test.each(['', '-1', '+1', '01', '00', '1.0', '1e3', ' 1', '0x1', '1n', '٣', '9'.repeat(541)])(
    'the text %.20j is no number',
    text => {
      expect(writing(natural, text)).toMatchObject({ code: 'bad_text' });
    },
  );

  test('a boolean is 00 or ff', () => {
    expect([true, false].map(each => toHex(encode(bool, each)))).toEqual(['ff', '00']);
    expect(['ff', '00'].map(hex => decode(bool, fromHex(hex)))).toEqual([true, false]);
    expect(reading(bool, '01')).toMatchObject({ code: 'unknown_kind', offset: 0 });
    expect(writing(bool, 1)).toMatchObject({ code: 'bad_type' });
  });
});

describe('bytes being written and read', () => {
  test('grow as needed and keep what was written', () => {
    const out = byteWriter();
    for (let at = 0; at < 1_000; at++) out.putInteger(at & 255, 1);
    out.put(new Uint8Array(3_000).fill(9));
    const bytes = out.bytes();
    expect(bytes.length).toBe(4_000);
    expect([bytes[255], bytes[256], bytes[999], bytes[1_000]]).toEqual([255, 0, 231, 9]);
  });

  test('that were given out do not change when more is written', () => {
    const out = byteWriter();
    out.put([1]);
    const first = out.bytes();
    out.put([2]);
    first[0] = 7;
    expect([...out.bytes()]).toEqual([1, 2]);
  });

  test('are the numbers of each width, with their sign', () => {
    const input = byteReader(fromHex('ff800180000001ffffffff8000000000000000'));
    expect([input.takeUint(1), input.takeUint(2)]).toEqual([255, 0x8001]);
    expect([input.takeUint(4), input.takeInt32()]).toEqual([0x80000001, -1]);
    expect(input.takeInt64()).toBe(-(2n ** 63n));
    const out = byteWriter();
    out.putInteger(255, 1);
    out.putInteger(0x8001, 2);
    out.putInteger(-1, 4);
    out.putInt64(-2n);
    expect(toHex(out.bytes())).toBe('ff8001fffffffffffffffffffffffe');
  });

  test('of a window end with it, and count from the start of the whole', () => {
    const input = byteReader(fromHex('0102030405'));
    input.take(1);
    const window = input.window(2);
    expect(window.peek(1)).toBe(3);
    expect(window.peek(2)).toBeUndefined();
    window.take(2);
    expect(window.offset()).toBe(3);
    expect(window.remaining()).toBe(0);
    expect(refusal(() => window.take(1))).toMatchObject({ code: 'truncated', offset: 3 });
    expect(input.remaining()).toBe(2);
  });

  test('are copied: what was read does not change the source', () => {
    const source = fromHex('0102');
    byteReader(source).take(2)[0] = 9;
    const text = decode(restHex, source);
    expect([toHex(source), text]).toEqual(['0102', '0102']);
  });
});
