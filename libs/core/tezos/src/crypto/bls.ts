import { SecretKey as BlstSecretKey, PublicKey as BlstPublicKey } from '@chainsafe/blst';
import { Signature as BlstSignature, fastAggregateVerify, verify } from '@chainsafe/blst';
import { aggregateSerializedSignatures } from '@chainsafe/blst';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { fromBase58, toBase58 } from '../base58.ts';
import type { Base58Text } from '../base58-kinds.ts';
import { onCurve } from './on-curve.ts';
import type { Scheme } from './scheme.ts';

/** Why a secret key is refused. */
export const NO_SCALAR = 'this secret is no scalar of its curve';

/** What a proof of possession is made under. Source: src/lib_crypto/bls.ml. */
const POSSESSION_SUITE = 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';

/**
 * tz4: BLS12-381 with public keys in G1 and signatures in G2, under the proof-of-possession suite that
 * the chain uses since 023; messages are signed as they are. Secret keys are little-endian in Tezos.
 */
export const BLS: Scheme = {
  address: 'tz4',
  publicKey: 'BLpk',
  secretKey: 'BLsk',
  signature: 'BLsig',
  signs: 'bytes',
  secretOfSeed: seed => BlstSecretKey.fromKeygen(seed).toBytes().reverse(),
  publicOfSecret: secret => scalar(secret).toPublicKey().toBytes(),
  sign: (secret, message) => scalar(secret).sign(message).toBytes(),
  verify: (publicKey, signature, message) => verify(message, keyPoint(publicKey), point(signature)),
};

/** Keys that are kept: those of a committee, of the next one, and of some that changed. */
const KEYS_MAX = 4_096;
const keyPoints = new Map<string, BlstPublicKey>();

/**
 * A public key in its group, not at infinity. For an aggregate, parsing the keys and checking their group costs more
 * than all the rest, and the keys of a committee come again with every block.
 */
function keyPoint(publicKey: Uint8Array): BlstPublicKey {
  const name = String.fromCharCode(...publicKey);
  const known = keyPoints.get(name);
  if (known !== undefined) return known;
  const made = BlstPublicKey.fromBytes(publicKey, true);
  if (keyPoints.size >= KEYS_MAX) keyPoints.clear();
  keyPoints.set(name, made);
  return made;
}

function scalar(secret: Uint8Array): BlstSecretKey {
  return BlstSecretKey.fromBytes(secret.toReversed());
}

/** A signature in its group, not at infinity. */
function point(signature: Uint8Array): BlstSignature {
  return BlstSignature.fromBytes(signature, true);
}

/**
 * Whether one signature stands for all these keys' signatures of the same bytes, as in an aggregate
 * that a block carries. Sound because the chain takes no tz4 key without its proof of possession.
 */
export function verifyAggregate(
  publicKeys: readonly Base58Text<'BLpk'>[],
  signature: Base58Text<'BLsig'>,
  bytes: Uint8Array,
): boolean {
  try {
    const keys = publicKeys.map(key => keyPoint(fromBase58('BLpk', key)));
    return fastAggregateVerify(bytes, keys, point(fromBase58('BLsig', signature)));
  } catch {
    return false;
  }
}

/**
 * The one signature that stands for all of these. It is worth what {@link verifyAggregate} says of it: a single bad one
 * spoils it.
 * @throws TezosError `not_on_curve` for none at all, or one that is no point
 */
export function aggregateSignatures(
  signatures: readonly Base58Text<'BLsig'>[],
): Base58Text<'BLsig'> {
  const points = signatures.map(signature => fromBase58('BLsig', signature));
  return onCurve('these signatures cannot be added', () =>
    toBase58('BLsig', aggregateSerializedSignatures(points).toBytes()),
  );
}

/**
 * The proof that the holder of a tz4 key knows its secret: a signature of the key's own bytes, or of those of another
 * key, as Octez makes it where `bls_pk` is given.
 * @throws TezosError `not_on_curve` for a secret outside its curve
 */
export function provePossession(
  secretKey: Base58Text<'BLsk'>,
  of?: Base58Text<'BLpk'>,
): Base58Text<'BLsig'> {
  const secret = fromBase58('BLsk', secretKey);
  const other = of === undefined ? undefined : fromBase58('BLpk', of);
  const { longSignatures } = bls12_381;
  return onCurve(NO_SCALAR, () => {
    const bytes = other ?? BLS.publicOfSecret(secret);
    const message = longSignatures.hash(bytes, POSSESSION_SUITE);
    return toBase58('BLsig', longSignatures.sign(message, secret.toReversed()).toBytes());
  });
}

/** Whether a proof of possession fits a tz4 key. */
export function verifyPossession(
  publicKey: Base58Text<'BLpk'>,
  proof: Base58Text<'BLsig'>,
): boolean {
  const { longSignatures } = bls12_381;
  const key = fromBase58('BLpk', publicKey);
  try {
    BlstPublicKey.fromBytes(key, true);
    const message = longSignatures.hash(key, POSSESSION_SUITE);
    return longSignatures.verify(fromBase58('BLsig', proof), message, key);
  } catch {
    return false;
  }
}
