import type { Verifier } from '@meridian/chain-view';
import { fromBase58, identifyBase58 } from '@meridian/tezos';
import { verify, verifyAggregate } from '@meridian/tezos/crypto';
import { blake2b256 } from '@meridian/tezos/hash';
import { createPublicKey, verify as verifyWith, type KeyObject } from 'node:crypto';

/** RFC 8410: what stands before the 32 bytes of an Ed25519 public key. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const SIGNATURES = ['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'] as const;
/** Keys of a committee, and of some that changed. */
const KEYS_MAX = 4_096;

/**
 * Checks signatures as fast as this machine can: Ed25519 by the system, the other curves by the protocol lib. The
 * system is asked first and only its yes is taken at once, since it is the stricter one on odd points.
 */
export function nativeVerifier(): Verifier {
  const keys = new Map<string, KeyObject>();
  const ed25519 = (key: string): KeyObject => {
    const known = keys.get(key);
    if (known !== undefined) return known;
    const der = Buffer.concat([SPKI_PREFIX, fromBase58('edpk', key)]);
    const made = createPublicKey({ key: der, format: 'der', type: 'spki' });
    if (keys.size >= KEYS_MAX) keys.clear();
    keys.set(key, made);
    return made;
  };
  return {
    verify: (key, signature, bytes) => {
      // A node may put the signature of any curve beside any key: that is an answer, and no end of this process.
      const { kind, data } = identifyBase58(SIGNATURES, signature);
      const isOwn = key.startsWith('edpk') && (kind === 'edsig' || kind === 'sig');
      if (!isOwn) return verify(key, signature, bytes);
      return verifyWith(null, blake2b256(bytes), ed25519(key), data);
    },
    verifyAggregate: (publicKeys, signature, bytes) =>
      verifyAggregate(
        publicKeys as unknown as Parameters<typeof verifyAggregate>[0],
        signature as unknown as Parameters<typeof verifyAggregate>[1],
        bytes,
      ),
  };
}
