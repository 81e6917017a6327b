import { bls12_381 } from '@noble/curves/bls12-381.js';
import { describe, expect, test } from 'vitest';
import { fromBase58, toBase58 } from '../base58.ts';
import type { Base58Text } from '../base58-kinds.ts';
import { aggregateSignatures, provePossession } from './bls.ts';
import { verifyAggregate, verifyPossession } from './bls.ts';
import { companionWeight, weightedPublicKey, weightedSignature } from './companion.ts';
import { publicKeyOf, secretKeyOfSeed, sign, verify } from './keys.ts';
import { codeOf } from '../fixtures.ts';

type Secret = Base58Text<'BLsk'>;
type Key = Base58Text<'BLpk'>;
type Sig = Base58Text<'BLsig'>;

const MESSAGE = Uint8Array.of(0x13, 1, 2, 3);
const INFINITE_KEY = toBase58('BLpk', new Uint8Array(48).with(0, 0xc0));
const INFINITE_SIGNATURE = toBase58('BLsig', new Uint8Array(96).with(0, 0xc0));
/** On the curve, x = 4, but not in the group that keys are taken from. */
const KEY_OUTSIDE_GROUP = toBase58('BLpk', new Uint8Array(48).with(0, 0x80).with(47, 4));

function pair(filling: number): {
  readonly secret: Secret;
  readonly key: Key;
  readonly signed: Sig;
} {
  const secret = secretKeyOfSeed('tz4', new Uint8Array(32).fill(filling)) as Secret;
  return { secret, key: publicKeyOf(secret) as Key, signed: sign(secret, MESSAGE) as Sig };
}
const one = pair(1);
const two = pair(2);

function negated(key: Key): Key {
  const point = bls12_381.G1.Point.fromBytes(fromBase58('BLpk', key));
  return toBase58('BLpk', point.negate().toBytes());
}

function sum(signatures: readonly Sig[]): Sig {
  const { Point } = bls12_381.G2;
  const points = signatures.map(each => Point.fromBytes(fromBase58('BLsig', each)));
  return toBase58('BLsig', points.reduce((total, point) => total.add(point), Point.ZERO).toBytes());
}

describe('points that stand for nobody', () => {
  test('verify nothing, not even each other', () => {
    expect(verify(INFINITE_KEY, INFINITE_SIGNATURE, MESSAGE)).toBe(false);
    expect(verify(INFINITE_KEY, one.signed, MESSAGE)).toBe(false);
    expect(verify(one.key, INFINITE_SIGNATURE, MESSAGE)).toBe(false);
    expect(verify(KEY_OUTSIDE_GROUP, one.signed, MESSAGE)).toBe(false);
  });

  test('have no proof of possession', () => {
    expect(verifyPossession(INFINITE_KEY, INFINITE_SIGNATURE)).toBe(false);
    expect(verifyPossession(one.key, INFINITE_SIGNATURE)).toBe(false);
    expect(verifyPossession(KEY_OUTSIDE_GROUP, INFINITE_SIGNATURE)).toBe(false);
  });

  test('are not weighed as the keys or signatures of a delegate', () => {
    for (const bad of [INFINITE_KEY, KEY_OUTSIDE_GROUP]) {
      for (const keys of [
        { consensusKey: one.key, companionKey: bad },
        { consensusKey: bad, companionKey: one.key },
      ]) {
        expect(codeOf(() => weightedPublicKey(5n, keys))).toBe('not_on_curve');
      }
    }
    const opposite = { consensusKey: one.key, companionKey: negated(one.key) };
    expect(codeOf(() => weightedPublicKey(1n, opposite))).toBe('not_on_curve');
    for (const [left, right] of [
      [INFINITE_SIGNATURE, one.signed],
      [one.signed, INFINITE_SIGNATURE],
      [one.signed, toBase58('BLsig', new Uint8Array(96))],
    ] as const) {
      expect(codeOf(() => weightedSignature(5n, left, right))).toBe('not_on_curve');
    }
  });
});

describe('an aggregate', () => {
  test('is the sum of its signatures, and there is none of no points', () => {
    expect(aggregateSignatures([one.signed, two.signed])).toBe(sum([one.signed, two.signed]));
    expect(aggregateSignatures([one.signed])).toBe(one.signed);
    const noPoint = toBase58('BLsig', new Uint8Array(96));
    expect(codeOf(() => aggregateSignatures([]))).toBe('not_on_curve');
    expect(codeOf(() => aggregateSignatures([one.signed, noPoint]))).toBe('not_on_curve');
  });

  test('verifies for exactly the keys that signed', () => {
    const both = sum([one.signed, two.signed]);
    expect(verifyAggregate([one.key, two.key], both, MESSAGE)).toBe(true);
    expect(verifyAggregate([two.key, one.key], both, MESSAGE)).toBe(true);
    expect(verifyAggregate([one.key], one.signed, MESSAGE)).toBe(true);
    expect(verifyAggregate([one.key], both, MESSAGE)).toBe(false);
    expect(verifyAggregate([one.key, one.key], both, MESSAGE)).toBe(false);
    expect(verifyAggregate([one.key, two.key], one.signed, MESSAGE)).toBe(false);
    expect(verifyAggregate([one.key, two.key], both, Uint8Array.of(...MESSAGE, 0))).toBe(false);
  });

  test('of nobody, of keys that cancel out or of nobody’s point is refused', () => {
    expect(verifyAggregate([], one.signed, MESSAGE)).toBe(false);
    expect(verifyAggregate([], INFINITE_SIGNATURE, MESSAGE)).toBe(false);
    const cancelled = [one.key, negated(one.key)];
    expect(verifyAggregate(cancelled, INFINITE_SIGNATURE, MESSAGE)).toBe(false);
    expect(verifyAggregate([one.key, INFINITE_KEY], one.signed, MESSAGE)).toBe(false);
    expect(verifyAggregate([one.key, KEY_OUTSIDE_GROUP], one.signed, MESSAGE)).toBe(false);
  });

  test('with text that is no key or signature is refused', () => {
    expect(verifyAggregate(['BLpk1x' as Key], one.signed, MESSAGE)).toBe(false);
    expect(verifyAggregate([one.key], 'BLsigx' as Sig, MESSAGE)).toBe(false);
  });
});

describe('a proof of possession', () => {
  const proof = provePossession(one.secret);

  test('fits its own key only, and is no signature', () => {
    expect(verifyPossession(one.key, proof)).toBe(true);
    expect(verifyPossession(two.key, proof)).toBe(false);
    expect(verify(one.key, proof, fromBase58('BLpk', one.key))).toBe(false);
  });

  test('is not made of a secret outside the curve', () => {
    for (const filling of [0x00, 0xff]) {
      const secret = toBase58('BLsk', new Uint8Array(32).fill(filling));
      expect(codeOf(() => provePossession(secret))).toBe('not_on_curve');
    }
  });
});

test('the weight of a companion key depends on keys, operation and every bit of the bitset', () => {
  const keys = { consensusKey: one.key, companionKey: two.key };
  const swapped = { consensusKey: two.key, companionKey: one.key };
  const operation = new Uint8Array(73);
  const weights = [
    companionWeight(keys, operation, 0n),
    companionWeight(swapped, operation, 0n),
    companionWeight(keys, operation.with(72, 1), 0n),
    ...[1n, 256n, 2n ** 63n, 2n ** 64n, 2n ** 64n + 1n].map(bits =>
      companionWeight(keys, operation, bits),
    ),
  ];
  expect(new Set(weights).size).toBe(weights.length);
});
