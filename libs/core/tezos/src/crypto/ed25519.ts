import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import type { Scheme } from './scheme.ts';

const { Point } = ed25519;
const HALF = 32;

/** tz1: Ed25519 over the hash of what is signed. */
export const ED25519: Scheme = {
  address: 'tz1',
  publicKey: 'edpk',
  secretKey: 'edsk',
  signature: 'edsig',
  signs: 'digest',
  secretOfSeed: seed => seed,
  publicOfSecret: secret => ed25519.getPublicKey(secret),
  sign: (secret, digest) => ed25519.sign(digest, secret),
  verify,
};

/**
 * The check without cofactor, which Octez makes (src/lib_hacl). The library's own check multiplies by
 * the cofactor and so accepts a few crafted signatures that the chain refuses.
 * @throws Error when the key is no point of the curve
 */
function verify(publicKey: Uint8Array, signature: Uint8Array, digest: Uint8Array): boolean {
  const commitment = signature.subarray(0, HALF);
  const response = littleEndian(signature.subarray(HALF));
  if (response >= Point.Fn.ORDER) return false;
  const hashed = new Uint8Array(2 * HALF + digest.length);
  hashed.set(commitment);
  hashed.set(publicKey, HALF);
  hashed.set(digest, 2 * HALF);
  const challenge = Point.Fn.create(littleEndian(sha512(hashed)));
  const key = Point.fromBytes(publicKey, false);
  const expected = Point.BASE.multiplyUnsafe(response)
    .subtract(key.multiplyUnsafe(challenge))
    .toBytes();
  return expected.every((byte, at) => commitment[at] === byte);
}

/** A number from bytes, lowest first. */
function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}
