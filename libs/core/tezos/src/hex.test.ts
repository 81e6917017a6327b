import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TezosError } from './errors.ts';
import { fromHex, toHex } from './hex.ts';

describe('hexadecimal text', () => {
  test('comes back from its bytes in lower case', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      const text = toHex(bytes);
      expect(text).toBe(Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(''));
      expect(fromHex(text)).toEqual(bytes);
      expect(fromHex(text.toUpperCase())).toEqual(bytes);
    });
    fc.assert(property);
  });

  test('of nothing is nothing', () => {
    expect(toHex(new Uint8Array())).toBe('');
    expect(fromHex('')).toEqual(new Uint8Array());
  });

  test.each([
    ['0', undefined],
    ['abc', undefined],
    ['0g', 0],
    ['00/0', 1],
    ['00:0', 1],
    ['00@0', 1],
    ['00G0', 1],
    ['00`0', 1],
    ['0x00', 0],
    ['00 0', 1],
    ['0000\n0', 2],
    ['٠٠', 0],
    ['00\ud8000', 1],
  ])('%j is refused', (text, offset) => {
    expect(() => fromHex(text)).toThrow(TezosError);
    expect(() => fromHex(text)).toThrow(
      expect.objectContaining({ code: 'bad_text', offset }) as Error,
    );
  });

  test('of any kind is either refused or the bytes that print as it', () => {
    const property = fc.property(fc.string({ unit: 'binary', maxLength: 8 }), text => {
      try {
        expect(toHex(fromHex(text))).toBe(text.toLowerCase());
      } catch (error) {
        expect(error).toBeInstanceOf(TezosError);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });
});
