import { bls12_381 } from '@noble/curves/bls12-381.js';
import { describe, expect, test } from 'vitest';
import { fromBase58, toBase58 } from '../base58.ts';
import type { Base58Text } from '../base58-kinds.ts';
import { fromHex, toHex } from '../hex.ts';
import { verifyAggregate, verifyPossession, provePossession } from './bls.ts';
import { publicKeyOf, secretKeyOfSeed, sign, verify } from './keys.ts';

const { G1, G2 } = bls12_381;
const { Fp, Fp2, Fr } = bls12_381.fields;
const MESSAGE = Uint8Array.of(0x12, 9);
const secret = secretKeyOfSeed('tz4', new Uint8Array(32).fill(8)) as Base58Text<'BLsk'>;
const key = publicKeyOf(secret) as Base58Text<'BLpk'>;
const signed = sign(secret, MESSAGE) as Base58Text<'BLsig'>;

type Point<Self> = { add: (other: Self) => Self; multiplyUnsafe: (scalar: bigint) => Self };

/** `order` times a point of the whole curve: what is left lies outside the group, or is nothing. */
function withoutGroupPart<Self extends Point<Self>>(point: Self): Self {
  return point.multiplyUnsafe(Fr.ORDER - 1n).add(point);
}

/** The first value that `make` has for 1, 2, 3…; it throws where there is none. */
function firstOf<Value>(make: (x: bigint) => Value): Value {
  for (let x = 1n; x < 100n; x++) {
    try {
      return make(x);
    } catch {
      // No point of the curve has this x.
    }
  }
  throw new Error('no point found');
}

/** A key with a part outside the group: to the pairing it is the same key. */
function keyOutside(): Base58Text<'BLpk'> {
  const stray = firstOf(x => G1.Point.fromAffine({ x, y: Fp.sqrt(Fp.add(Fp.pow(x, 3n), 4n)) }));
  const { x, y } = G1.Point.fromBytes(fromBase58('BLpk', key))
    .add(withoutGroupPart(stray))
    .toAffine();
  return toBase58('BLpk', compressed([x], y));
}

/** A signature with a part outside the group: to the pairing it is the same signature. */
function signatureOutside(): Base58Text<'BLsig'> {
  const b = Fp2.fromBigTuple([4n, 4n]);
  const stray = firstOf(from => {
    const x = Fp2.fromBigTuple([from, 0n]);
    return G2.Point.fromAffine({ x, y: Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b)) });
  });
  const point = G2.Point.fromBytes(fromBase58('BLsig', signed)).add(withoutGroupPart(stray));
  const { x, y } = point.toAffine();
  return toBase58('BLsig', compressed([x.c1, x.c0], y.c1 === 0n ? y.c0 : y.c1));
}

/** Compressed bytes of any point of the curve; the library writes only those of the group. */
function compressed(x: readonly bigint[], y: bigint): Uint8Array {
  const bytes = fromHex(x.map(part => part.toString(16).padStart(96, '0')).join(''));
  return bytes.with(0, bytes[0]! | 0x80 | (y > (Fp.ORDER - 1n) / 2n ? 0x20 : 0));
}

describe('a point with a part outside the group', () => {
  test('is written as the library writes one of the group', () => {
    const { x, y } = G1.Point.fromBytes(fromBase58('BLpk', key)).toAffine();
    expect(toHex(compressed([x], y))).toBe(toHex(fromBase58('BLpk', key)));
    const { x: wide, y: tall } = G2.Point.fromBytes(fromBase58('BLsig', signed)).toAffine();
    const bytes = compressed([wide.c1, wide.c0], tall.c1 === 0n ? tall.c0 : tall.c1);
    expect(toHex(bytes)).toBe(toHex(fromBase58('BLsig', signed)));
  });

  test('is another text than the point it stands for to the pairing', () => {
    expect(keyOutside()).not.toBe(key);
    expect(signatureOutside()).not.toBe(signed);
  });

  test('is refused as a key', () => {
    expect(verify(keyOutside(), signed, MESSAGE)).toBe(false);
    expect(verifyAggregate([keyOutside()], signed, MESSAGE)).toBe(false);
    expect(verifyPossession(keyOutside(), provePossession(secret))).toBe(false);
  });

  test('is refused as a signature, which would give one vote two hashes', () => {
    expect(verify(key, signatureOutside(), MESSAGE)).toBe(false);
    expect(verifyAggregate([key], signatureOutside(), MESSAGE)).toBe(false);
  });
});
