import { TezosError } from './errors.ts';

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * Bytes as lower-case hexadecimal text. Joined, not added up: a sum of strings is kept as a tree of its parts, which
 * takes many times the room where somebody holds on to it.
 */
export function toHex(bytes: Uint8Array): string {
  const pairs = new Array<string>(bytes.length);
  for (const [at, byte] of bytes.entries()) pairs[at] = PAIRS[byte] ?? '';
  return pairs.join('');
}

/**
 * Bytes from hexadecimal text in either case, without a `0x` and without white space.
 * @throws TezosError `bad_text`
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new TezosError('bad_text', 'hexadecimal text of an odd length');
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    const high = digit(text.charCodeAt(2 * at));
    const low = digit(text.charCodeAt(2 * at + 1));
    if (high < 0 || low < 0) {
      const found = JSON.stringify(text.slice(2 * at, 2 * at + 2));
      throw new TezosError('bad_text', `${found} is not hexadecimal`, { offset: at });
    }
    bytes[at] = high * 16 + low;
  }
  return bytes;
}

function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}
