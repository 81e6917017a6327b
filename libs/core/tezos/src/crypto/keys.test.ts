import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identifyBase58, toBase58 } from '../base58.ts';
import { BASE58_KINDS, type Base58Kind, type Signature } from '../base58-kinds.ts';
import type { PublicKey, SecretKey } from '../base58-kinds.ts';
import { TezosError } from '../errors.ts';
import { publicKey, publicKeyHash, publicKeyHashOf, publicKeyOf, secretKey } from './keys.ts';
import { SCHEMES, secretKeyOfSeed, sign, verify } from './keys.ts';
import { codeOf } from '../fixtures.ts';

const MESSAGE = Uint8Array.of(0x13, 1, 2, 3);
const SIGNATURE_KINDS = ['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'] as const;
const CURVES = SCHEMES.map(scheme => ({ ...scheme, name: scheme.address }));

function seed(filling: number): Uint8Array {
  return new Uint8Array(32).fill(filling);
}

function filled<Kind extends Base58Kind>(
  kind: Kind,
  filling = 7,
): ReturnType<typeof toBase58<Kind>> {
  return toBase58(kind, new Uint8Array(BASE58_KINDS[kind].dataLength).fill(filling));
}

/** Bytes of a signature under another name of the same length. */
function renamed(signature: Signature, kind: (typeof SIGNATURE_KINDS)[number]): Signature {
  return toBase58(kind, identifyBase58(SIGNATURE_KINDS, signature).data);
}

describe.each(CURVES)('a $name key', ({ address, signature: kind, signs }) => {
  const secret = secretKeyOfSeed(address, seed(1));
  const key = publicKeyOf(secret);
  const signed = sign(secret, MESSAGE);

  test('signs what verifies under it', () => {
    expect(identifyBase58(SIGNATURE_KINDS, signed).kind).toBe(kind);
    expect(verify(key, signed, MESSAGE)).toBe(true);
    expect(publicKeyHashOf(key).startsWith(address)).toBe(true);
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      expect(verify(key, sign(secret, bytes), bytes)).toBe(true);
    });
    fc.assert(property, { numRuns: 5 });
  });

  test('makes the same signature of the same bytes again', () => {
    expect(sign(secret, MESSAGE)).toBe(signed);
  });

  test('does not verify other bytes, another key or a changed signature', () => {
    expect(verify(key, signed, Uint8Array.of(...MESSAGE, 0))).toBe(false);
    expect(verify(publicKeyOf(secretKeyOfSeed(address, seed(2))), signed, MESSAGE)).toBe(false);
    const { data } = identifyBase58(SIGNATURE_KINDS, signed);
    for (const at of [0, 1, 31, 32, 33, data.length - 1]) {
      const changed = toBase58(kind, data.with(at, data[at]! ^ 1));
      expect(verify(key, changed, MESSAGE)).toBe(false);
    }
  });

  test('does not take a signature that says another curve', () => {
    const others = SIGNATURE_KINDS.filter(
      other => other !== kind && BASE58_KINDS[other].dataLength === BASE58_KINDS[kind].dataLength,
    );
    for (const other of others) {
      const accepted = other === 'sig' && signs === 'digest';
      expect(verify(key, renamed(signed, other), MESSAGE)).toBe(accepted);
    }
    for (const { address: foreign } of SCHEMES.filter(each => each.address !== address)) {
      const foreignSigned = sign(secretKeyOfSeed(foreign, seed(1)), MESSAGE);
      expect(verify(key, foreignSigned, MESSAGE)).toBe(false);
    }
  });

  test('does not take zeros, or a signature of any bytes', () => {
    expect(verify(key, filled(kind, 0), MESSAGE)).toBe(false);
    expect(verify(key, filled(kind, 0xff), MESSAGE)).toBe(false);
    const { length } = identifyBase58(SIGNATURE_KINDS, signed).data;
    const random = fc.uint8Array({ minLength: length, maxLength: length });
    const property = fc.property(random, data => {
      expect(verify(key, toBase58(kind, data), MESSAGE)).toBe(false);
    });
    fc.assert(property, { numRuns: 20 });
  });

  test('that is no point of its curve verifies nothing', () => {
    const { publicKey: publicKind } = SCHEMES.find(each => each.address === address)!;
    const { dataLength } = BASE58_KINDS[publicKind];
    const random = fc.uint8Array({ minLength: dataLength, maxLength: dataLength });
    const property = fc.property(random, data => {
      expect(verify(toBase58(publicKind, data) as PublicKey, signed, MESSAGE)).toBe(false);
    });
    fc.assert(property, { numRuns: 20 });
  });
});

describe('a malformed key or signature', () => {
  const key = publicKeyOf(secretKeyOfSeed('tz1', seed(1)));
  const signed = sign(secretKeyOfSeed('tz1', seed(1)), MESSAGE);

  test('text is refused with a TezosError', () => {
    expect(codeOf(() => verify(key, 'sigx' as Signature, MESSAGE))).toBe('bad_checksum');
    expect(codeOf(() => verify(key, filled('blockHash') as unknown as Signature, MESSAGE))).toBe(
      'unknown_kind',
    );
    expect(codeOf(() => verify('tz1x' as PublicKey, signed, MESSAGE))).toBe('bad_checksum');
    expect(codeOf(() => publicKeyHashOf(filled('tz1') as unknown as PublicKey))).toBe(
      'unknown_kind',
    );
    expect(codeOf(() => sign('x' as SecretKey, MESSAGE))).toBe('bad_checksum');
  });

  test('secret outside its curve neither signs nor has a public key', () => {
    for (const kind of ['spsk', 'p2sk', 'BLsk'] as const) {
      for (const filling of [0x00, 0xff]) {
        const secret = filled(kind, filling);
        expect(codeOf(() => publicKeyOf(secret))).toBe('not_on_curve');
        expect(codeOf(() => sign(secret, MESSAGE))).toBe('not_on_curve');
        expect(() => sign(secret, MESSAGE)).toThrow('this secret is no scalar of its curve');
      }
    }
  });

  test('seed of another length is refused', () => {
    for (const { address } of SCHEMES) {
      expect(codeOf(() => secretKeyOfSeed(address, new Uint8Array(31)))).toBe('out_of_range');
    }
    expect(codeOf(() => secretKeyOfSeed('tz1', new Uint8Array(33)))).toBe('out_of_range');
    expect(codeOf(() => secretKeyOfSeed('tz4', new Uint8Array(33)))).toBe('accepted');
  });
});

describe('a key from outside', () => {
  test('is taken as it is when it may vote and bake', () => {
    for (const { address } of SCHEMES) {
      const secret = secretKeyOfSeed(address, seed(3));
      expect(secretKey(secret)).toBe(secret);
      const key = publicKeyOf(secret);
      expect(publicKey(key)).toBe(key);
      expect(publicKeyHash(publicKeyHashOf(key))).toBe(publicKeyHashOf(key));
    }
  });

  test('in the long old form is shortened to its seed', () => {
    const short = toBase58('edsk', seed(4));
    const { data } = identifyBase58(['edpk'], publicKeyOf(short));
    const long = toBase58('edskLegacy', Uint8Array.of(...seed(4), ...data));
    expect(long.length).toBe(98);
    expect(secretKey(long)).toBe(short);
    expect(publicKeyOf(secretKey(long))).toBe(publicKeyOf(short));
  });

  test.each(['edesk', 'spesk', 'p2esk', 'BLesk'] as const)(
    'that is encrypted (%s) is unsupported',
    kind => {
      expect(codeOf(() => secretKey(filled(kind)))).toBe('unsupported');
      expect(() => secretKey(filled(kind))).toThrow('encrypted');
    },
  );

  test('of tz5 is unsupported', () => {
    expect(codeOf(() => publicKeyHash(filled('tz5')))).toBe('unsupported');
    expect(codeOf(() => publicKey(filled('mdpk')))).toBe('unsupported');
    expect(codeOf(() => secretKey(filled('mdsk')))).toBe('unsupported');
  });

  test('of another kind than asked for is refused', () => {
    expect(codeOf(() => publicKeyHash(filled('edpk')))).toBe('unknown_kind');
    expect(codeOf(() => publicKey(filled('tz1')))).toBe('unknown_kind');
    expect(codeOf(() => secretKey(filled('edpk')))).toBe('unknown_kind');
  });

  test('that is secret never shows in an error, whatever is wrong with it', () => {
    const secret = filled('edsk', 5);
    const slips = [` ${secret}`, secret.slice(1), `E${secret.slice(1)}`, secret.replace('k', '0')];
    for (const slip of [...slips, `${secret}${secret}`, secret.toUpperCase(), filled('edsig', 5)]) {
      expect(() => secretKey(slip)).toThrow(/^(offset \d+: )?this is no secret key$/);
    }
    expect(() => publicKey(secret)).toThrow(/^"edsk\.\.\." is none of/);
    expect(() => sign(slips[1] as SecretKey, MESSAGE)).toThrow(TezosError);
  });

  test('of any shape is refused with nothing but a TezosError', () => {
    const property = fc.property(fc.anything({ withBigInt: true }), value => {
      for (const read of [publicKeyHash, publicKey, secretKey]) {
        expect(codeOf(() => read(value))).not.toBe('accepted');
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});
