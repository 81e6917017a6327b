import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { describe, expect, test } from 'vitest';
import { fromBase58, toBase58 } from '../base58.ts';
import { publicKeyOf, secretKeyOfSeed, sign, verify } from './keys.ts';

const CURVES = [
  { address: 'tz2', kind: 'spsig1', publicKind: 'sppk', curve: secp256k1, takesHigh: false },
  { address: 'tz3', kind: 'p2sig', publicKind: 'p2pk', curve: p256, takesHigh: true },
] as const;

function big(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) =>
    Number((value >> BigInt(8 * (31 - at))) & 255n),
  );
}

describe.each(CURVES)('a $address signature', ({ address, kind, publicKind, curve, takesHigh }) => {
  const order = curve.Point.Fn.ORDER;
  const secret = secretKeyOfSeed(address, new Uint8Array(32).fill(1));
  const key = publicKeyOf(secret);
  const messages = Array.from({ length: 8 }, (_, at) => Uint8Array.of(0x11, at));
  const partsOf = (bytes: Uint8Array): readonly [r: Uint8Array, s: bigint] => {
    const data = fromBase58(kind, sign(secret, bytes));
    return [data.subarray(0, 32), big(data.subarray(32))];
  };
  const isGood = (r: Uint8Array, s: bigint, bytes: Uint8Array): boolean =>
    verify(key, toBase58(kind, Uint8Array.of(...r, ...bytesOf(s))), bytes);

  test('is made with the lower s', () => {
    for (const bytes of messages) {
      const [r, s] = partsOf(bytes);
      expect(s).toBeLessThanOrEqual(order / 2n);
      expect(isGood(r, s, bytes)).toBe(true);
    }
  });

  test(`with the higher s is ${takesHigh ? 'accepted' : 'refused'}, as on chain`, () => {
    for (const bytes of messages) {
      const [r, s] = partsOf(bytes);
      expect(isGood(r, order - s, bytes)).toBe(takesHigh);
    }
  });

  test('with numbers outside the order is refused', () => {
    const [bytes] = messages as [Uint8Array];
    const [r, s] = partsOf(bytes);
    for (const bad of [0n, order, order + s, 2n ** 256n - 1n]) {
      expect(isGood(r, bad & (2n ** 256n - 1n), bytes)).toBe(false);
      expect(isGood(bytesOf(bad & (2n ** 256n - 1n)), s, bytes)).toBe(false);
    }
  });

  test('does not verify under a key that is written in another way or is no point', () => {
    const [bytes] = messages as [Uint8Array];
    const signature = sign(secret, bytes);
    const data = fromBase58(publicKind, key);
    for (const first of [0x00, 0x01, 0x04, 0x05, 0x06, data[0]! ^ 1]) {
      expect(verify(toBase58(publicKind, data.with(0, first)), signature, bytes)).toBe(false);
    }
    expect(verify(toBase58(publicKind, data.fill(0xff, 1)), signature, bytes)).toBe(false);
  });
});
