import { identifyBase58, toBase58, type Signature } from '@meridian/tezos';
import { publicKeyOf, secretKeyOfSeed, sign, verify } from '@meridian/tezos/crypto';
import { expect, test } from 'vitest';
import { nativeVerifier } from './index.ts';

const BYTES = Uint8Array.of(0x12, 1, 2, 3);
const CURVES = ['tz1', 'tz2', 'tz3', 'tz4'] as const;
const KINDS = ['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'] as const;
const secretOf = (curve: (typeof CURVES)[number]) =>
  secretKeyOfSeed(curve, new Uint8Array(32).fill(7));

/** As nodes print it: without its curve, but for BLS. */
function printed(signature: Signature): Signature {
  const { kind, data } = identifyBase58(KINDS, signature);
  return kind === 'BLsig' ? signature : toBase58('sig', data);
}

test.each(CURVES.flatMap(key => CURVES.map(signer => [key, signer] as const)))(
  'under a key of %s a signature of %s is an answer, the same as of the protocol lib',
  (key, signer) => {
    const own = publicKeyOf(secretOf(key));
    const signature = sign(secretOf(signer), BYTES);
    const verifier = nativeVerifier();
    for (const form of [signature, printed(signature)]) {
      expect(verifier.verify(own, form, BYTES)).toBe(key === signer);
      expect(verify(own, form, BYTES)).toBe(key === signer);
    }
    expect(verifier.verify(own, signature, Uint8Array.of(0x13))).toBe(false);
  },
);
