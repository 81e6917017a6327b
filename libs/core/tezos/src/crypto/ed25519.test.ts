import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { toBase58 } from '../base58.ts';
import { blake2b256 } from '../hash/blake2b.ts';
import { verify } from './keys.ts';

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
/** A point of order 8. */
const TORSION = Point.fromHex(ED25519_TORSION_SUBGROUP[1] ?? '');
const SECRET = 123_456_789n;
const NONCE = 987_654_321n;
const KEY = Point.BASE.multiply(SECRET);
const COMMITMENT = Point.BASE.multiply(NONCE);

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n));
}

function challengeOf(commitment: Uint8Array, key: Uint8Array, digest: Uint8Array): bigint {
  const hash = sha512(Uint8Array.of(...commitment, ...key, ...digest));
  return Point.Fn.create(hash.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n));
}

/** What the lib and a check that multiplies by the cofactor say of a signature of these bytes. */
function verdicts(
  key: Uint8Array,
  commitment: Uint8Array,
  response: bigint,
  bytes: Uint8Array,
): { readonly ours: boolean; readonly cofactored: boolean } {
  const signature = Uint8Array.of(...commitment, ...littleEndian(response));
  return {
    ours: verify(toBase58('edpk', key), toBase58('edsig', signature), bytes),
    cofactored: ed25519.verify(signature, blake2b256(bytes), key, { zip215: true }),
  };
}

/** A signature with this commitment and key that fits but for parts of small order. */
function crafted(commitment: Uint8Array, key: Uint8Array, nonce: bigint, bytes: Uint8Array) {
  const challenge = challengeOf(commitment, key, blake2b256(bytes));
  return { challenge, response: Point.Fn.create(nonce + challenge * SECRET) };
}

const messages = Array.from({ length: 24 }, (_, at) => Uint8Array.of(0x13, at));

describe('an Ed25519 signature that only a check with cofactor accepts', () => {
  test('is refused when the key has a part of small order', () => {
    const key = KEY.add(TORSION).toBytes();
    const commitment = COMMITMENT.toBytes();
    const refused = messages.filter(bytes => {
      const { challenge, response } = crafted(commitment, key, NONCE, bytes);
      const { ours, cofactored } = verdicts(key, commitment, response, bytes);
      expect(cofactored).toBe(true);
      // The part of small order falls out of the equation for one challenge in eight.
      expect(ours).toBe(challenge % 8n === 0n);
      return !ours;
    });
    expect(refused.length).toBeGreaterThan(12);
  });

  test('is refused when the commitment has a part of small order', () => {
    const key = KEY.toBytes();
    const commitment = COMMITMENT.add(TORSION).toBytes();
    for (const bytes of messages) {
      const { response } = crafted(commitment, key, NONCE, bytes);
      expect(verdicts(key, commitment, response, bytes)).toEqual({ ours: false, cofactored: true });
    }
  });

  test('is refused when the commitment is the same point written with a larger number', () => {
    const key = KEY.toBytes();
    // The neutral element, y = 1, as y = p + 1.
    const commitment = littleEndian(2n ** 255n - 19n + 1n);
    for (const bytes of messages) {
      const { response } = crafted(commitment, key, 0n, bytes);
      expect(verdicts(key, commitment, response, bytes)).toEqual({ ours: false, cofactored: true });
    }
  });

  test('is refused when the key is a point written with a larger number', () => {
    const key = littleEndian(2n ** 255n - 19n + 1n);
    const commitment = COMMITMENT.toBytes();
    for (const bytes of messages) {
      expect(verdicts(key, commitment, NONCE, bytes)).toEqual({ ours: false, cofactored: true });
    }
  });
});

describe('an Ed25519 signature', () => {
  const [bytes] = messages;
  const key = KEY.toBytes();
  const commitment = COMMITMENT.toBytes();
  const { response } = crafted(commitment, key, NONCE, bytes!);

  test('made by hand verifies', () => {
    expect(verdicts(key, commitment, response, bytes!)).toEqual({ ours: true, cofactored: true });
  });

  test('is refused with a response beyond the order of the curve', () => {
    for (const times of [1n, 2n, 7n]) {
      expect(verdicts(key, commitment, response + times * ORDER, bytes!).ours).toBe(false);
    }
  });

  test('is refused with the sign of its commitment or of its key turned', () => {
    const turned = commitment.with(31, commitment[31]! ^ 0x80);
    expect(verdicts(key, turned, response, bytes!).ours).toBe(false);
    const otherKey = key.with(31, key[31]! ^ 0x80);
    expect(verdicts(otherKey, commitment, response, bytes!).ours).toBe(false);
  });
});
