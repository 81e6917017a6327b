import { describe, expect, test } from 'vitest';
import { clipped, shown, TEZOS_ERRORS, TezosError } from './errors.ts';

describe('a TezosError', () => {
  test('says place and reason in one line', () => {
    const error = new TezosError('bad_type', 'no', { offset: 3, path: 'contents[0].slot' });
    expect(error.message).toBe('contents[0].slot, offset 3: no');
    expect(new TezosError('bad_type', 'no').message).toBe('no');
    expect(new TezosError('bad_type', 'no', { offset: 0 }).message).toBe('offset 0: no');
    expect(new TezosError('bad_type', 'no', { path: 'slot' }).message).toBe('slot: no');
  });

  test('seen from outside names the whole way to the field', () => {
    const error = new TezosError('bad_type', 'no', { offset: 3, path: 'slot' });
    const outside = error.within('[0]').within('contents').within('op1');
    expect(outside).toMatchObject({ path: 'op1.contents[0].slot', offset: 3, code: 'bad_type' });
    expect(outside.message).toBe('op1.contents[0].slot, offset 3: no');
    expect(new TezosError('truncated', 'no').within('level').path).toBe('level');
  });

  test('has a documented code', () => {
    for (const [code, meaning] of Object.entries(TEZOS_ERRORS)) {
      expect(code).toMatch(/^[a-z_]+$/);
      expect(meaning.length).toBeGreaterThan(20);
    }
  });
});

describe('a value in an error', () => {
  test.each([
    ['a"b', '"a\\"b"'],
    ['\ud800', '"\\ud800"'],
    [7, '7'],
    [NaN, 'NaN'],
    [-0, '0'],
    [true, 'true'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7n, 'a bigint'],
    [Symbol('x'), 'a symbol'],
    [() => 7, 'a function'],
    [[1, 2], 'a list'],
    [{ a: 1 }, 'an object'],
    [Object.create(null), 'an object'],
  ] as const)('%# is one short piece of text', (value, text) => {
    expect(shown(value)).toBe(text);
  });

  test('is cut where it is long', () => {
    expect(clipped('x'.repeat(60))).toBe('x'.repeat(60));
    expect(clipped('x'.repeat(61))).toBe(`${'x'.repeat(57)}...`);
    expect(shown('x'.repeat(10_000)).length).toBe(62);
  });
});
