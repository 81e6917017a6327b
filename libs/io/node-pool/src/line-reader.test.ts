import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineReader } from './line-reader.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('lines come out whole, wherever chunks begin and end', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '😀', '\n') });
  fc.assert(
    fc.property(text, fc.array(fc.nat(7)), (written, cuts) => {
      const bytes = bytesOf(written);
      const reader = lineReader(1_000);
      const lines: string[] = [];
      let from = 0;
      for (const length of [...cuts, bytes.length]) {
        const { lines: some, tooLong } = reader.read(bytes.subarray(from, from + length));
        expect(tooLong).toBe(false);
        lines.push(...some.map(textOf));
        from += length;
      }
      const expected = written.split('\n');
      const rest = expected.pop() ?? '';
      expect(lines).toEqual(expected);
      expect(reader.restBytes()).toBe(bytesOf(rest).length);
    }),
  );
});

test('a line of the longest length passes, one byte more does not, however it comes', () => {
  expect(lineReader(4).read(bytesOf('abcd\n')).lines.map(textOf)).toEqual(['abcd']);
  expect(lineReader(4).read(bytesOf('abcde\n'))).toEqual({ lines: [], tooLong: true });
  const reader = lineReader(4);
  for (const byte of 'abcd') expect(reader.read(bytesOf(byte)).tooLong).toBe(false);
  expect(reader.read(bytesOf('e')).tooLong).toBe(true);
});

test('lines before one that is too long are not lost', () => {
  const { lines, tooLong } = lineReader(4).read(bytesOf('ab\ncd\nabcdefgh'));
  expect([lines.map(textOf), tooLong]).toEqual([['ab', 'cd'], true]);
});
