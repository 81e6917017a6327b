import { blake2b } from '@noble/hashes/blake2.js';

/** The chain's hash: blake2b with 32 bytes of output. */
export function blake2b256(bytes: Uint8Array): Uint8Array {
  return blake2b(bytes, { dkLen: 32 });
}

/** The hash behind addresses: blake2b with 20 bytes of output. */
export function blake2b160(bytes: Uint8Array): Uint8Array {
  return blake2b(bytes, { dkLen: 20 });
}
