import { expect } from 'vitest';
import { fromBase58, fromHex, identifyBase58, toBase58, toHex } from '@meridian/tezos';
import type { PublicKey, SecretKey } from '@meridian/tezos';
import { publicKey, publicKeyHash, publicKeyHashOf, publicKeyOf } from '@meridian/tezos/crypto';
import { secretKey, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { checkEach, testShared } from './load.ts';

type Curve = 'ed25519' | 'secp256k1' | 'p256' | 'bls12_381';
type PkhVector = { readonly curve: Curve; readonly pkh_hex: string; readonly pkh: string };
type KeyVector = PkhVector & {
  readonly seed_hex: string;
  readonly secret_key: SecretKey;
  readonly secret_key_hex: string;
  readonly public_key: PublicKey;
  readonly public_key_hex: string;
};

const FILE = 'vectors/keys.json';
const KINDS = {
  ed25519: { address: 'tz1', publicKey: 'edpk', secretKey: 'edsk' },
  secp256k1: { address: 'tz2', publicKey: 'sppk', secretKey: 'spsk' },
  p256: { address: 'tz3', publicKey: 'p2pk', secretKey: 'p2sk' },
  bls12_381: { address: 'tz4', publicKey: 'BLpk', secretKey: 'BLsk' },
} as const;
const CURVES = Object.keys(KINDS) as Curve[];

testShared(FILE, 'each curve has its share of vectors', content => {
  const { pkh_vectors, key_vectors } = content as Record<string, readonly PkhVector[]>;
  for (const table of [pkh_vectors, key_vectors]) {
    const counts = CURVES.map(curve => table?.filter(each => each.curve === curve).length);
    expect(counts).toEqual([20, 20, 20, 20]);
    expect(table?.length).toBe(80);
  }
});

testShared(FILE, 'an address is written from its bytes and read back', content => {
  const { pkh_vectors } = content as { pkh_vectors: readonly PkhVector[] };
  checkEach(
    pkh_vectors,
    80,
    ({ pkh }) => pkh,
    ({ curve, pkh_hex, pkh }) => {
      const { address } = KINDS[curve];
      expect(toBase58(address, fromHex(pkh_hex))).toBe(pkh);
      expect(toHex(fromBase58(address, pkh))).toBe(pkh_hex);
      expect(publicKeyHash(pkh)).toBe(pkh);
    },
  );
});

testShared(FILE, 'a seed gives its secret key, public key and address', content => {
  const { key_vectors } = content as { key_vectors: readonly KeyVector[] };
  checkEach(
    key_vectors,
    80,
    ({ pkh }) => pkh,
    vector => {
      const { address } = KINDS[vector.curve];
      expect(secretKeyOfSeed(address, fromHex(vector.seed_hex))).toBe(vector.secret_key);
      expect(publicKeyOf(vector.secret_key)).toBe(vector.public_key);
      expect(publicKeyHashOf(vector.public_key)).toBe(vector.pkh);
    },
  );
});

testShared(FILE, 'keys are written from their bytes and read back', content => {
  const { key_vectors } = content as { key_vectors: readonly KeyVector[] };
  checkEach(
    key_vectors,
    80,
    ({ pkh }) => pkh,
    vector => {
      const kinds = KINDS[vector.curve];
      expect(toBase58(kinds.secretKey, fromHex(vector.secret_key_hex))).toBe(vector.secret_key);
      expect(toBase58(kinds.publicKey, fromHex(vector.public_key_hex))).toBe(vector.public_key);
      expect(toHex(fromBase58(kinds.address, vector.pkh))).toBe(vector.pkh_hex);
      const read = identifyBase58(['edpk', 'sppk', 'p2pk', 'BLpk'], vector.public_key);
      expect(read.kind).toBe(kinds.publicKey);
      expect(toHex(read.data)).toBe(vector.public_key_hex);
      expect(publicKey(vector.public_key)).toBe(vector.public_key);
      expect(secretKey(vector.secret_key)).toBe(vector.secret_key);
    },
  );
});
