import type { Base58Kind } from '../base58-kinds.ts';

/** How one curve's keys and signatures are written, made and checked. */
export type Scheme = {
  readonly address: Base58Kind & ('tz1' | 'tz2' | 'tz3' | 'tz4');
  readonly publicKey: Base58Kind & ('edpk' | 'sppk' | 'p2pk' | 'BLpk');
  readonly secretKey: Base58Kind & ('edsk' | 'spsk' | 'p2sk' | 'BLsk');
  readonly signature: Base58Kind & ('edsig' | 'spsig1' | 'p2sig' | 'BLsig');
  /** Whether the key signs the blake2b-256 digest of the bytes, or the bytes themselves. */
  readonly signs: 'digest' | 'bytes';
  readonly secretOfSeed: (seed: Uint8Array) => Uint8Array;
  /** @throws Error when the secret is no scalar of the curve */
  readonly publicOfSecret: (secret: Uint8Array) => Uint8Array;
  readonly sign: (secret: Uint8Array, message: Uint8Array) => Uint8Array;
  /** @throws Error when the key or the signature is no point of the curve */
  readonly verify: (publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array) => boolean;
};
