import { sha256 } from '@noble/hashes/sha2.js';
import { shown, TezosError } from './errors.ts';
import { BASE58_KINDS, type Base58Kind, type Base58Text } from './base58-kinds.ts';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const VALUE_OF = new Map(Array.from(ALPHABET, (letter, value) => [letter.charCodeAt(0), value]));
const CHECKSUM_LENGTH = 4;
/** Longer than the longest kind (an ML-DSA secret key, 5 298 letters): stops quadratic work on rubbish. */
const TEXT_LENGTH_MAX = 6_000;

/**
 * The base58check text of a value.
 * @throws TezosError `out_of_range` when `data` has not the length of its kind
 */
export function toBase58<Kind extends Base58Kind>(kind: Kind, data: Uint8Array): Base58Text<Kind> {
  const { prefix, dataLength } = BASE58_KINDS[kind];
  if (data.length !== dataLength) {
    const lengths = `${data.length.toString()} bytes instead of ${dataLength.toString()}`;
    throw new TezosError('out_of_range', `a ${kind} of ${lengths}`);
  }
  const body = new Uint8Array(prefix.length + dataLength + CHECKSUM_LENGTH);
  body.set(prefix);
  body.set(data, prefix.length);
  body.set(checksum(body.subarray(0, -CHECKSUM_LENGTH)), prefix.length + dataLength);
  return encode(body) as Base58Text<Kind>;
}

/**
 * The bytes behind the base58check text of a value of this kind.
 * @throws TezosError `bad_type`, `bad_text`, `bad_checksum`, or `unknown_kind` for another kind's text
 */
export function fromBase58(kind: Base58Kind, text: unknown): Uint8Array {
  const body = checked(text);
  const data = dataOf(kind, body);
  if (data === undefined) throw new TezosError('unknown_kind', `${quote(text)} is not a ${kind}`);
  return data;
}

/**
 * Which of `kinds` a base58check text is, and its bytes.
 * @throws TezosError `bad_type`, `bad_text`, `bad_checksum`, or `unknown_kind` when it is none of them
 */
export function identifyBase58<Kind extends Base58Kind>(
  kinds: readonly Kind[],
  text: unknown,
): { readonly kind: Kind; readonly data: Uint8Array } {
  const body = checked(text);
  for (const kind of kinds) {
    const data = dataOf(kind, body);
    if (data !== undefined) return { kind, data };
  }
  throw new TezosError('unknown_kind', `${quote(text)} is none of ${kinds.join(', ')}`);
}

function dataOf(kind: Base58Kind, body: Uint8Array): Uint8Array | undefined {
  const { prefix, dataLength } = BASE58_KINDS[kind];
  if (body.length !== prefix.length + dataLength) return undefined;
  return prefix.every((byte, at) => body[at] === byte) ? body.slice(prefix.length) : undefined;
}

/** Prefix and data of a text whose checksum holds. */
function checked(text: unknown): Uint8Array {
  if (typeof text !== 'string') {
    throw new TezosError(
      'bad_type',
      `base58 text expected, not ${text === null ? 'null' : typeof text}`,
    );
  }
  if (text.length > TEXT_LENGTH_MAX) throw new TezosError('bad_text', 'too long for base58check');
  const bytes = decode(text);
  const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_LENGTH));
  const sum = checksum(body);
  if (body.length === 0 || sum.some((byte, at) => bytes[body.length + at] !== byte)) {
    throw new TezosError('bad_checksum', `${quote(text)} has a wrong checksum`);
  }
  return body;
}

function checksum(body: Uint8Array): Uint8Array {
  return sha256(sha256(body)).subarray(0, CHECKSUM_LENGTH);
}

/** Base 256 to base 58, five digits at a time: 58^5 times a byte's carry stays below 2^53. */
function encode(bytes: Uint8Array): string {
  const limbs: number[] = [];
  for (const byte of bytes) {
    let carry = byte;
    for (let at = 0; at < limbs.length; at++) {
      carry += (limbs[at] ?? 0) * 256;
      limbs[at] = carry % LIMB;
      carry = Math.floor(carry / LIMB);
    }
    if (carry > 0) limbs.push(carry);
  }
  let text = '';
  for (let limb of limbs) {
    for (let place = 0; place < LIMB_DIGITS; place++) {
      text = ALPHABET.charAt(limb % 58) + text;
      limb = Math.floor(limb / 58);
    }
  }
  const zeros = bytes.findIndex(byte => byte !== 0);
  return ALPHABET.charAt(0).repeat(zeros < 0 ? bytes.length : zeros) + text.replace(/^1+/, '');
}

const LIMB_DIGITS = 5;
const LIMB = 58 ** LIMB_DIGITS;

function decode(text: string): Uint8Array {
  // Three bytes a limb, least significant first: 58 × 2^24 stays far below 2^53.
  const limbs: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const value = VALUE_OF.get(text.charCodeAt(at));
    if (value === undefined) {
      throw new TezosError('bad_text', `${shown(text.charAt(at))} is no base58 letter`, {
        offset: at,
      });
    }
    let carry = value;
    for (let limb = 0; limb < limbs.length; limb++) {
      carry += (limbs[limb] ?? 0) * 58;
      limbs[limb] = carry & 0xffffff;
      carry >>>= 24;
    }
    if (carry > 0) limbs.push(carry);
  }
  const bytes = limbs.flatMap(limb => [limb & 255, (limb >>> 8) & 255, limb >>> 16]);
  while (bytes.at(-1) === 0) bytes.pop();
  for (let at = 0; at < text.length && text.charAt(at) === ALPHABET.charAt(0); at++) bytes.push(0);
  return Uint8Array.from(bytes.reverse());
}

/** How the texts of secret keys begin, encrypted or not. */
const SECRET = /^(ed|sp|p2|BL|md)e?sk/;

/** A text as an error shows it; a secret key that stands in the wrong place must not reach a log. */
function quote(text: unknown): string {
  const prefix = SECRET.exec(String(text))?.[0];
  return shown(prefix === undefined ? text : `${prefix}...`);
}
