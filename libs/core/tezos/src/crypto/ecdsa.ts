import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Scheme } from './scheme.ts';

/** What the two curves share; `lowS` says whether the chain refuses the twin signature (r, n - s). */
function ecdsa(
  curve: typeof p256,
  lowS: boolean,
): Pick<Scheme, 'signs' | 'secretOfSeed' | 'publicOfSecret' | 'sign' | 'verify'> {
  return {
    signs: 'digest',
    secretOfSeed: seed => seed,
    publicOfSecret: secret => curve.getPublicKey(secret, true),
    // Always the lower twin: libsecp256k1 takes no other, and P-256 then has one signature fewer to forge.
    sign: (secret, digest) => curve.sign(digest, secret, { prehash: false, lowS: true }),
    verify: (publicKey, signature, digest) =>
      curve.verify(signature, digest, publicKey, { prehash: false, lowS }),
  };
}

/** tz2: ECDSA over secp256k1, verified on chain by libsecp256k1, which refuses a high s. */
export const SECP256K1: Scheme = {
  address: 'tz2',
  publicKey: 'sppk',
  secretKey: 'spsk',
  signature: 'spsig1',
  ...ecdsa(secp256k1, true),
};

/** tz3: ECDSA over P-256, verified on chain by HACL*, which takes both. */
export const P256: Scheme = {
  address: 'tz3',
  publicKey: 'p2pk',
  secretKey: 'p2sk',
  signature: 'p2sig',
  ...ecdsa(p256, false),
};
