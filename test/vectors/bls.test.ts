import { expect } from 'vitest';
import { fromHex, toBase58, toHex } from '@meridian/tezos';
import { provePossession, publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { verify, verifyPossession } from '@meridian/tezos/crypto';
import { checkEach, testShared } from './load.ts';

type BlsSecret = Parameters<typeof provePossession>[0];
type BlsPublic = Parameters<typeof verifyPossession>[0];
type BlsSignature = Parameters<typeof verifyPossession>[1];
type KeyPair = {
  readonly ikm_hex: string;
  readonly secret_key: BlsSecret;
  readonly public_key: BlsPublic;
  readonly source: string;
};
type Bls = {
  readonly signatures: readonly (KeyPair & {
    readonly message_hex: string;
    readonly signature_hex: string;
    readonly signature: BlsSignature;
  })[];
  readonly proofs_of_possession: readonly (KeyPair & {
    readonly public_key_hex: string;
    readonly proof_hex: string;
    readonly proof: BlsSignature;
  })[];
};

const FILE = 'vectors/bls.json';

testShared(FILE, 'keys come from their seeds', content => {
  const { signatures, proofs_of_possession: proofs } = content as Bls;
  checkEach(
    [...signatures, ...proofs],
    20,
    ({ source }) => source,
    vector => {
      expect(secretKeyOfSeed('tz4', fromHex(vector.ikm_hex))).toBe(vector.secret_key);
      expect(publicKeyOf(vector.secret_key)).toBe(vector.public_key);
    },
  );
});

testShared(
  FILE,
  'messages have the signatures given, which verify, and no other message does',
  content => {
    checkEach(
      (content as Bls).signatures,
      10,
      ({ source }) => source,
      vector => {
        const message = fromHex(vector.message_hex);
        expect(sign(vector.secret_key, message)).toBe(vector.signature);
        expect(toBase58('BLsig', fromHex(vector.signature_hex))).toBe(vector.signature);
        expect(verify(vector.public_key, vector.signature, message)).toBe(true);
        const other = Uint8Array.of(...message, 0);
        expect(verify(vector.public_key, vector.signature, other)).toBe(false);
      },
    );
  },
);

testShared(FILE, 'proofs of possession are made as given and fit their own key only', content => {
  const proofs = (content as Bls).proofs_of_possession;
  const [first] = proofs;
  checkEach(
    proofs,
    10,
    ({ source }) => source,
    vector => {
      expect(provePossession(vector.secret_key)).toBe(vector.proof);
      expect(toBase58('BLsig', fromHex(vector.proof_hex))).toBe(vector.proof);
      expect(toHex(fromHex(vector.public_key_hex))).toBe(vector.public_key_hex);
      expect(toBase58('BLpk', fromHex(vector.public_key_hex))).toBe(vector.public_key);
      expect(verifyPossession(vector.public_key, vector.proof)).toBe(true);
      const foreign = vector.public_key === first?.public_key ? proofs[5]?.proof : first?.proof;
      if (foreign === undefined) throw new Error('no other proof');
      expect(verifyPossession(vector.public_key, foreign)).toBe(false);
    },
  );
});

testShared(
  FILE,
  'a proof of possession is no signature of the key, nor the other way round',
  content => {
    const [vector] = (content as Bls).proofs_of_possession;
    if (vector === undefined) throw new Error('no vector');
    const keyBytes = fromHex(vector.public_key_hex);
    expect(verify(vector.public_key, vector.proof, keyBytes)).toBe(false);
    const signature = sign(vector.secret_key, keyBytes) as BlsSignature;
    expect(verifyPossession(vector.public_key, signature)).toBe(false);
  },
);
