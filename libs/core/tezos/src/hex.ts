import { TezosError } from './errors.ts';

const DIGITS = '0123456789abcdef';

/** Bytes as lower-case hexadecimal text. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
  return text;
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
