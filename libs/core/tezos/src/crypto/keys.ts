import { identifyBase58, toBase58 } from '../base58.ts';
import type { PublicKey, PublicKeyHash, SecretKey, Signature } from '../base58-kinds.ts';
import { TezosError } from '../errors.ts';
import { blake2b160, blake2b256 } from '../hash/blake2b.ts';
import { BLS, NO_SCALAR } from './bls.ts';
import { P256, SECP256K1 } from './ecdsa.ts';
import { ED25519 } from './ed25519.ts';
import { onCurve } from './on-curve.ts';
import type { Scheme } from './scheme.ts';

/** Every curve whose keys may vote and bake. A curve is added here and nowhere else. */
export const SCHEMES: readonly Scheme[] = [ED25519, SECP256K1, P256, BLS];

const ADDRESSES = ['tz1', 'tz2', 'tz3', 'tz4', 'tz5'] as const;
const PUBLIC_KEYS = ['edpk', 'sppk', 'p2pk', 'BLpk', 'mdpk'] as const;
const SECRET_KEYS = ['edsk', 'spsk', 'p2sk', 'BLsk', 'edskLegacy', 'mdsk'] as const;
const ENCRYPTED_KEYS = ['edesk', 'spesk', 'p2esk', 'BLesk'] as const;
const ED25519_SEED_LENGTH = 32;

/**
 * An address that can vote and bake, from outside text.
 * @throws TezosError `unsupported` for tz5, else as base58check
 */
export function publicKeyHash(text: unknown): PublicKeyHash {
  refusePostQuantum(identifyBase58(ADDRESSES, text).kind === 'tz5');
  return text as PublicKeyHash;
}

/**
 * A public key, from outside text; a BLS key is checked to lie in its group when it is used.
 * @throws TezosError `unsupported` for ML-DSA keys, else as base58check
 */
export function publicKey(text: unknown): PublicKey {
  refusePostQuantum(identifyBase58(PUBLIC_KEYS, text).kind === 'mdpk');
  return text as PublicKey;
}

/**
 * A secret key that is not encrypted, from outside text; the long old form of an Ed25519 key is
 * shortened to its seed.
 * @throws TezosError `unsupported` for encrypted and ML-DSA keys, else as base58check
 */
export function secretKey(text: unknown): SecretKey {
  const { kind, data } = identifySecret(text);
  refusePostQuantum(kind === 'mdsk');
  if (ENCRYPTED_KEYS.some(each => each === kind)) {
    throw new TezosError('unsupported', 'this secret key is encrypted; decrypt it first');
  }
  if (kind !== 'edskLegacy') return text as SecretKey;
  return toBase58('edsk', data.subarray(0, ED25519_SEED_LENGTH));
}

/** As {@link identifyBase58}, whose errors show the text: here it may be a secret with a slip of the pen. */
function identifySecret(
  text: unknown,
): ReturnType<typeof identifyBase58<(typeof SECRET_KEYS | typeof ENCRYPTED_KEYS)[number]>> {
  try {
    return identifyBase58([...SECRET_KEYS, ...ENCRYPTED_KEYS], text);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    throw new TezosError(error.code, 'this is no secret key', { offset: error.offset });
  }
}

function refusePostQuantum(found: boolean): void {
  if (found) throw new TezosError('unsupported', 'tz5 (ML-DSA) keys can neither vote nor bake');
}

/**
 * The secret key of a seed of at least 32 bytes; for tz1 to tz3 the seed is the secret.
 * @throws TezosError `out_of_range`
 */
export function secretKeyOfSeed(address: Scheme['address'], seed: Uint8Array): SecretKey {
  const scheme = SCHEMES.find(each => each.address === address) ?? ED25519;
  if (seed.length < ED25519_SEED_LENGTH) {
    throw new TezosError('out_of_range', 'a seed has at least 32 bytes');
  }
  return toBase58(scheme.secretKey, scheme.secretOfSeed(seed));
}

/**
 * The public key of a secret one.
 * @throws TezosError `not_on_curve` when the secret is zero or beyond the order of its curve
 */
export function publicKeyOf(secret: SecretKey): PublicKey {
  const { scheme, data } = bySecret(secret);
  return onCurve(NO_SCALAR, () => toBase58(scheme.publicKey, scheme.publicOfSecret(data)));
}

/** The address of a public key. */
export function publicKeyHashOf(key: PublicKey): PublicKeyHash {
  const { scheme, data } = byPublic(key);
  return toBase58(scheme.address, blake2b160(data));
}

/**
 * Signs bytes as they stand (with their watermark): the curve decides whether their digest is signed.
 * @throws TezosError `not_on_curve` for a secret outside its curve
 */
export function sign(secret: SecretKey, bytes: Uint8Array): Signature {
  const { scheme, data } = bySecret(secret);
  return onCurve(NO_SCALAR, () =>
    toBase58(scheme.signature, scheme.sign(data, messageOf(scheme, bytes))),
  );
}

/**
 * Whether a signature of these bytes is one that the chain accepts under this key. A signature that says
 * another curve than the key's, or a key outside its curve, is an answer (no), not an error.
 */
export function verify(key: PublicKey, signature: Signature, bytes: Uint8Array): boolean {
  const { scheme, data } = byPublic(key);
  const { kind, data: signed } = identifyBase58(
    ['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'],
    signature,
  );
  const fits = kind === scheme.signature || (kind === 'sig' && scheme.signs === 'digest');
  if (!fits) return false;
  try {
    return scheme.verify(data, signed, messageOf(scheme, bytes));
  } catch {
    return false;
  }
}

function messageOf(scheme: Scheme, bytes: Uint8Array): Uint8Array {
  return scheme.signs === 'digest' ? blake2b256(bytes) : bytes;
}

function byPublic(key: PublicKey): { scheme: Scheme; data: Uint8Array } {
  const { kind, data } = identifyBase58(['edpk', 'sppk', 'p2pk', 'BLpk'], key);
  return { scheme: SCHEMES.find(scheme => scheme.publicKey === kind) ?? ED25519, data };
}

function bySecret(key: SecretKey): { scheme: Scheme; data: Uint8Array } {
  const { kind, data } = identifyBase58(['edsk', 'spsk', 'p2sk', 'BLsk'], key);
  return { scheme: SCHEMES.find(scheme => scheme.secretKey === kind) ?? ED25519, data };
}
