import { bls12_381 } from '@noble/curves/bls12-381.js';
import { fromBase58, toBase58 } from '../base58.ts';
import type { Base58Text } from '../base58-kinds.ts';
import { TezosError } from '../errors.ts';
import { blake2b160, blake2b256 } from '../hash/blake2b.ts';
import { onCurve } from './on-curve.ts';

const { G1, G2 } = bls12_381;
const WORD_LENGTH = 8;
const NO_POINT = 'a key or signature is no point of its curve';

/** The two tz4 keys of a delegate that attests with DAL content. */
export type CompanionKeys = {
  readonly consensusKey: Base58Text<'BLpk'>;
  readonly companionKey: Base58Text<'BLpk'>;
};

/**
 * How much the companion key's signature counts: the number behind the hash of both addresses, the
 * operation that both keys sign (without watermark and chain), and the DAL bitset.
 * Source: dal_attestations_repr.ml `Dal_dependent_signing`.
 */
export function companionWeight(
  keys: CompanionKeys,
  blsModeOperation: Uint8Array,
  dalAttestation: bigint,
): bigint {
  const parts = [
    blake2b160(fromBase58('BLpk', keys.consensusKey)),
    blake2b160(fromBase58('BLpk', keys.companionKey)),
    blsModeOperation,
    bitsetBytes(dalAttestation),
  ];
  const hash = blake2b256(Uint8Array.from(parts.flatMap(part => [...part])));
  return numberOf(hash);
}

/**
 * The signature of an attestation with DAL content: the companion key's, weighted, and the consensus key's.
 * @throws TezosError `not_on_curve`
 */
export function weightedSignature(
  weight: bigint,
  consensusSignature: Base58Text<'BLsig'>,
  companionSignature: Base58Text<'BLsig'>,
): Base58Text<'BLsig'> {
  return onCurve(NO_POINT, () => {
    const consensus = finite(G2.Point.fromBytes(fromBase58('BLsig', consensusSignature)));
    const companion = finite(G2.Point.fromBytes(fromBase58('BLsig', companionSignature)));
    return toBase58('BLsig', weighted(weight, companion).add(consensus).toBytes());
  });
}

/**
 * The key under which such a signature verifies.
 * @throws TezosError `not_on_curve`
 */
export function weightedPublicKey(weight: bigint, keys: CompanionKeys): Base58Text<'BLpk'> {
  return onCurve(NO_POINT, () => {
    const consensus = finite(G1.Point.fromBytes(fromBase58('BLpk', keys.consensusKey)));
    const companion = finite(G1.Point.fromBytes(fromBase58('BLpk', keys.companionKey)));
    return toBase58('BLpk', weighted(weight, companion).add(consensus).toBytes());
  });
}

/** `weight` times a point of the group, by the order of which weights are reduced. */
function weighted<Point extends { multiplyUnsafe: (scalar: bigint) => Point }>(
  weight: bigint,
  point: Point,
): Point {
  return point.multiplyUnsafe(bls12_381.fields.Fr.create(weight));
}

/** A point that is not at infinity: nobody holds a secret for that one. */
function finite<Point extends { is0: () => boolean }>(point: Point): Point {
  if (point.is0()) throw new TezosError('not_on_curve', NO_POINT);
  return point;
}

/** Lowest byte first, filled up to whole 64-bit words, as the protocol's number library gives it. */
function bitsetBytes(bitset: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = bitset; rest > 0n; rest >>= 8n) bytes.push(Number(rest & 255n));
  while (bytes.length % WORD_LENGTH !== 0) bytes.push(0);
  return Uint8Array.from(bytes);
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}
