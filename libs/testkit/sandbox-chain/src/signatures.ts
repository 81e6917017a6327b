import {
  createPrivateKey,
  createPublicKey,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { identifyBase58, toBase58 } from '@meridian/tezos';
import type { PublicKey, SecretKey, Signature } from '@meridian/tezos';
import { publicKeyOf, sign as slowSign, verify as slowVerify } from '@meridian/tezos/crypto';
import { blake2b256 } from '@meridian/tezos/hash';

/*
 * Signatures as the chain's nodes make and check them. Ed25519 comes from Node, which is ten times as fast as the pure
 * code and makes the same check without cofactor as Octez; the other curves are signed over digests that Node does not
 * know. Hundreds of guests vote on a block of a second.
 */

/** The order of the field: a larger number in a key names a point a second time, which Octez refuses. */
const FIELD_ORDER = 2n ** 255n - 19n;
/** Keys that are kept ready. */
const KEYS_MAX = 4_096;

/** Signatures made here that are known to be good without another look. */
const MADE_MAX = 8_192;
const made = new Map<Signature, { readonly key: PublicKey; readonly bytes: Uint8Array }>();

/** Signs bytes as they stand, with their watermark. */
export function sign(secret: SecretKey, bytes: Uint8Array): Signature {
  const signature = secret.startsWith('edsk')
    ? toBase58('edsig', nodeSign(null, blake2b256(bytes), signerOf(secret)))
    : slowSign(secret, bytes);
  const own = { key: publicOf(secret), bytes: bytes.slice() };
  made.set(signature, own).set(withoutCurve(signature), own);
  for (const old of made.keys()) {
    if (made.size <= MADE_MAX) break;
    made.delete(old);
  }
  return signature;
}

/** The signature as nodes print it. */
function withoutCurve(signature: Signature): Signature {
  const { kind, data } = identifyBase58(['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'], signature);
  return kind === 'BLsig' ? signature : toBase58('sig', data);
}

/** Whether this very signature was made here: of these bytes, under this key. */
export function wasMade(key: PublicKey, signature: Signature, bytes: Uint8Array): boolean {
  const known = made.get(signature);
  return known?.key === key && Buffer.compare(known.bytes, bytes) === 0;
}

/** Whether the chain accepts a signature of these bytes under this key. */
export function verify(key: PublicKey, signature: Signature, bytes: Uint8Array): boolean {
  if (wasMade(key, signature, bytes)) return true;
  const node = key.startsWith('edpk') ? verifierOf(key) : undefined;
  if (node === undefined) return slowVerify(key, signature, bytes);
  const { kind, data } = identifyBase58(['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'], signature);
  const fits = kind === 'edsig' || kind === 'sig';
  return fits && nodeVerify(null, blake2b256(bytes), node, data);
}

const publicOf = kept(publicKeyOf);

const signerOf = kept((secret: SecretKey): KeyObject => {
  const d = base64url(identifyBase58(['edsk'], secret).data);
  const x = base64url(identifyBase58(['edpk'], publicOf(secret)).data);
  return createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', d, x } });
});

/** Undefined for a key that is no proper point: that it is refused is said elsewhere. */
const verifierOf = kept((key: PublicKey): KeyObject | undefined => {
  const data = identifyBase58(['edpk'], key).data;
  const number = data.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n) % 2n ** 255n;
  if (number >= FIELD_ORDER) return undefined;
  return createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: base64url(data) },
  });
});

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** Computes a value once for each of the last texts. */
function kept<Text extends string, Value>(compute: (text: Text) => Value): (text: Text) => Value {
  const known = new Map<Text, Value>();
  return text => {
    const found = known.get(text) ?? compute(text);
    known.set(text, found);
    for (const old of known.keys()) {
      if (known.size <= KEYS_MAX) break;
      known.delete(old);
    }
    return found;
  };
}
