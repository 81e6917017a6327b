import { describe, expect, test } from 'vitest';
import { fromHex, identifyBase58, toHex } from '@meridian/tezos';
import type { ChainId, PublicKey, SecretKey, Signature } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf } from '@meridian/tezos/crypto';
import { blake2b256, hashOperation } from '@meridian/tezos/hash';
import { sign, verify } from '@meridian/tezos/crypto';
import { attachSignature, blockSignBytes, blsModeBytes, encode } from '@meridian/tezos/forge';
import { readSignBytes, voteModeOf, voteSignBytes } from '@meridian/tezos/forge';
import { signedOperation, unsignedBlockHeader, unsignedVote } from '@meridian/tezos/forge';
import type { Unsigned, Vote } from '@meridian/tezos/forge';
import { protocolOf } from './codec.ts';
import { checkEach, vectors } from './load.ts';

type SigningVector = {
  readonly id: string;
  readonly key_type: 'ed25519' | 'secp256k1' | 'p256' | 'bls';
  readonly kind: 'preattestation' | 'attestation' | 'attestation_with_dal' | 'block';
  readonly pkh: string;
  readonly public_key: PublicKey;
  readonly secret_key: SecretKey;
  readonly chain_id: ChainId;
  readonly json: { readonly level: number };
  readonly unsigned_hex: string;
  readonly signer_request_payload_hex: string;
  /** Absent for BLS, which signs the bytes themselves. */
  readonly digest_blake2b256_hex?: string;
  readonly signature_hex: string;
  readonly signature: Signature;
  readonly generic_signature?: Signature;
  readonly deterministic: boolean;
  readonly injectable_hex?: string;
  readonly operation_hash?: string;
};

const all = (vectors('signing') as { vectors: readonly SigningVector[] }).vectors;
const votes = all.filter(({ kind }) => kind !== 'block');
const protocol = protocolOf('025');
const idOf = ({ id }: SigningVector): string => id;

/** The slot of every vote of the file; JSON of BLS mode does not show it. */
const SLOT = 17;

/** The vote that is cast: for a tz4 key the file gives what is signed in its place. */
function voteOf(vector: SigningVector): Unsigned<Vote> {
  const json = vector.json as unknown as Unsigned<Vote>;
  if (vector.key_type !== 'bls') return json;
  const [content] = json.contents;
  const vote = { ...content, kind: vector.kind, slot: SLOT } as Vote;
  return { branch: json.branch, contents: [vote] };
}

/** What the lib would hand to a signer for this vector. */
function signBytesOf(vector: SigningVector): Uint8Array {
  const { kind, json, chain_id: chainId } = vector;
  if (kind === 'block') return blockSignBytes(chainId, encode(unsignedBlockHeader(protocol), json));
  return voteSignBytes(chainId, voteOf(vector), voteModeOf(vector.pkh));
}

describe('signing.json', () => {
  test('has every kind under every key', () => {
    const kinds = (key: string): string[] =>
      all.filter(({ key_type }) => key_type === key).map(({ kind }) => kind);
    const plain = ['preattestation', 'attestation', 'attestation_with_dal', 'block'];
    for (const key of ['ed25519', 'secp256k1', 'p256']) expect(kinds(key)).toEqual(plain);
    expect(kinds('bls')).toEqual(['preattestation', 'attestation', 'block']);
  });

  test('keys belong together', () => {
    checkEach(all, 15, idOf, vector => {
      expect(publicKeyOf(vector.secret_key)).toBe(vector.public_key);
      expect(publicKeyHashOf(vector.public_key)).toBe(vector.pkh);
    });
  });

  test('a signer is asked for exactly these bytes, and reads them as what they are', () => {
    checkEach(all, 15, idOf, vector => {
      const payload = signBytesOf(vector);
      expect(toHex(payload)).toBe(vector.signer_request_payload_hex);
      const kind = vector.kind === 'attestation_with_dal' ? 'attestation' : vector.kind;
      const subject = readSignBytes(payload);
      expect(subject).toMatchObject({ kind, chainId: vector.chain_id, level: 12345678, round: 0 });
      const mode = vector.key_type === 'bls' ? 'bls' : 'plain';
      if (subject.kind !== 'block') expect(subject.mode).toBe(mode);
    });
  });
});

describe('the signatures of signing.json', () => {
  test('of tz1 to tz3 are made over the digest of the bytes', () => {
    const hashed = all.filter(vector => vector.digest_blake2b256_hex !== undefined);
    checkEach(hashed, 12, idOf, vector => {
      const payload = fromHex(vector.signer_request_payload_hex);
      expect(toHex(blake2b256(payload))).toBe(vector.digest_blake2b256_hex);
    });
  });

  test('of deterministic schemes are exactly those given', () => {
    const fixed = all.filter(({ deterministic, key_type: key }) => deterministic && key !== 'p256');
    checkEach(fixed, 11, idOf, vector => {
      const payload = fromHex(vector.signer_request_payload_hex);
      expect(sign(vector.secret_key, payload)).toBe(vector.signature);
    });
  });

  test('verify under both of their names, and not with a bit flipped', () => {
    checkEach(all, 15, idOf, vector => {
      const payload = fromHex(vector.signer_request_payload_hex);
      const key = vector.public_key;
      expect(verify(key, vector.signature, payload)).toBe(true);
      if (vector.generic_signature !== undefined) {
        expect(verify(key, vector.generic_signature, payload)).toBe(true);
      }
      payload[40]! ^= 1;
      expect(verify(key, vector.signature, payload)).toBe(false);
    });
  });

  test('hold the bytes given', () => {
    checkEach(all, 15, idOf, vector => {
      const kinds = ['edsig', 'spsig1', 'p2sig', 'BLsig'] as const;
      expect(toHex(identifyBase58(kinds, vector.signature).data)).toBe(vector.signature_hex);
    });
  });

  test('and their votes make the bytes that are injected, and their hash', () => {
    checkEach(votes, 11, idOf, vector => {
      const vote = voteOf(vector);
      const unsigned = encode(unsignedVote, vote);
      const signed = vector.key_type === 'bls' ? blsModeBytes(vote) : unsigned;
      expect(toHex(signed)).toBe(vector.unsigned_hex);
      const injectable = attachSignature(unsigned, vector.signature);
      expect(toHex(injectable)).toBe(vector.injectable_hex);
      expect(hashOperation(injectable)).toBe(vector.operation_hash);
      const whole = { ...vote, signature: vector.signature };
      expect(toHex(encode(signedOperation(protocol), whole))).toBe(vector.injectable_hex);
    });
  });
});

describe('the worked examples of the specification', () => {
  const hash = '0a51cc0faa270e36f4deb2ae9739f1cdd40297598cd1995ff642961a1d8a0a71';
  const branch = '1338a155e1b7df15a0fa6dcf60b4e2c6ed43f480312c3fea6fe16b5de8ef8072';
  const example = (key: string): SigningVector =>
    all.find(({ key_type, kind }) => key_type === key && kind === 'attestation')!;

  test('an attestation by the bootstrap key tz1KqT', () => {
    const vector = example('ed25519');
    expect(vector.pkh).toBe('tz1KqTpEZ7Yob7QbPE4Hy4Wo8fHG8LhKxZSx');
    const payload = signBytesOf(vector);
    expect(toHex(payload)).toBe(`1303def361${branch}15001100bc614e00000000${hash}`);
    expect(toHex(blake2b256(payload))).toBe(
      '1109fbd7d98caee071b91f541f3c243e5ac22b21b2ace96456a620e8ffe3cab7',
    );
    const signature = sign(vector.secret_key, payload);
    expect(signature).toBe(
      'edsigtfHfL65hSouj56Z8LEBL3Ref78eXgafeJHdhmpz9mhD6M8LZoBc3dKGH85v75qcso5gJxzimNntGFfa4UvcsgQF2rgMVPz',
    );
    const injectable = attachSignature(payload.subarray(5), signature);
    expect(injectable.length).toBe(139);
    expect(hashOperation(injectable)).toBe('opDgD9zQPK2kA5jt4gD86vvGTwQzg26aCpUKmeKbDGZr1aPKbWh');
  });

  test('the same vote with a tz4 key, which signs no slot', () => {
    const vector = example('bls');
    expect(vector.pkh).toBe('tz4TFJdv9Jd44FtBMAxi3KQT7AtazhVyaPa6');
    const payload = signBytesOf(vector);
    expect(toHex(payload)).toBe(`1303def361${branch}2900bc614e00000000${hash}`);
    const unsigned = fromHex(`${branch}15001100bc614e00000000${hash}`);
    const injectable = attachSignature(unsigned, sign(vector.secret_key, payload));
    expect(injectable.length).toBe(173);
    expect(toHex(injectable.subarray(75, 77))).toBe('ff03');
    expect(hashOperation(injectable)).toBe('opJJU9zVu2FtSA3rZGdVAnHop9FkjNh7C622TjhCEUj8y8gZzEL');
  });
});
