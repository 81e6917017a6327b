import { fromHex, toBase58, type PublicKey } from '@meridian/tezos';
import { publicKeyOf, secretKeyOfSeed, sign as slowSign } from '@meridian/tezos/crypto';
import { verify as slowVerify } from '@meridian/tezos/crypto';
import { describe, expect, test } from 'vitest';
import { sign, verify } from './signatures.ts';

const CURVES = ['tz1', 'tz2', 'tz3', 'tz4'] as const;
const BYTES = Uint8Array.of(0x13, 1, 2, 3);

describe('the fast way to sign and verify', () => {
  test.each(CURVES)('makes the same signatures as the pure code: %s', curve => {
    const secret = secretKeyOfSeed(curve, new Uint8Array(32).fill(7));
    const signature = sign(secret, BYTES);
    expect(signature).toBe(slowSign(secret, BYTES));
    expect(verify(publicKeyOf(secret), signature, BYTES)).toBe(true);
    // Made elsewhere, so that it is really verified.
    const other = slowSign(secret, BYTES.with(1, 99));
    expect(verify(publicKeyOf(secret), other, BYTES.with(1, 99))).toBe(true);
    expect(verify(publicKeyOf(secret), other, BYTES)).toBe(false);
    expect(verify(publicKeyOf(secret), signature, BYTES.with(0, 0x12))).toBe(false);
  });

  test('refuses the signature of another curve', () => {
    const [one, other] = ['tz1', 'tz2'].map(curve =>
      secretKeyOfSeed(curve as 'tz1', new Uint8Array(32).fill(7)),
    );
    expect(verify(publicKeyOf(one!), sign(other!, BYTES), BYTES)).toBe(false);
  });
});

describe('a crafted Ed25519 signature', () => {
  /** Commitment and response of a right signature, the commitment plus a point of order 8, the base point. */
  const COMMITMENT = 'f8a9ca096f7d41a694fc3d28cdf0386e73fc0cfbe5ca4bd2c459743b13741ce6';
  const RESPONSE = '9573be59a0d9a3012120d28ab079535f33b9e4620a98b96f65ddee957e32cf07';
  const WITH_TORSION = '4afb94a86d6ba99cb6d8a3754f93e71b25681f54f4c6d52b08b1c3f89ab053e6';
  const BASE = '5866666666666666666666666666666666666666666666666666666666666666';
  const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(9));
  const good = sign(secret, BYTES);
  const key = publicKeyOf(secret);

  test.each([
    ['whose commitment has a part of small order', 0],
    ['whose response is beyond the order of the curve', 1],
    ['of zeros', 2],
  ])('is refused as the pure code does: %s', (_, which) => {
    const crafted = [
      fromHex(WITH_TORSION + RESPONSE),
      fromHex(COMMITMENT + 'ff'.repeat(32)),
      new Uint8Array(64),
    ][which]!;
    const signature = toBase58('edsig', crafted);
    expect(verify(key, signature, BYTES)).toBe(false);
    expect(slowVerify(key, signature, BYTES)).toBe(false);
  });

  test('is refused under a key that is the neutral point written with a larger number', () => {
    const bytes = new Uint8Array(32).fill(0xff);
    bytes[0] = 0xee;
    bytes[31] = 0x7f;
    const strange: PublicKey = toBase58('edpk', bytes);
    // With the neutral point as key, R = 1·B and s = 1 fit every message.
    const one = Uint8Array.of(...fromHex(BASE), 1, ...new Uint8Array(31));
    const signature = toBase58('edsig', one);
    expect(verify(strange, signature, BYTES)).toBe(false);
    expect(slowVerify(strange, signature, BYTES)).toBe(false);
    expect(verify(key, good, BYTES)).toBe(true);
  });
});
