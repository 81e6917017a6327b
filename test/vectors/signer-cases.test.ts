import { describe, expect, test } from 'vitest';
import { fromHex, TezosError, toHex } from '@meridian/tezos';
import type { PublicKey, SecretKey, Signature } from '@meridian/tezos';
import { provePossession, publicKeyHashOf } from '@meridian/tezos/crypto';
import { blake2b256 } from '@meridian/tezos/hash';
import { publicKeyOf, sign, verify, verifyPossession } from '@meridian/tezos/crypto';
import { readSignBytes, voteModeOf, type SignSubject } from '@meridian/tezos/forge';
import { checkEach, vectors } from './load.ts';

type Message = {
  readonly key: string;
  readonly hex: string;
  readonly length: number;
  readonly blake2b_256: string;
  readonly chain_id: string;
  readonly expected: {
    readonly kind?: string;
    readonly level?: number;
    readonly round?: number;
    readonly slot?: number;
    readonly dal?: boolean;
    readonly dal_bitset_zarith_hex?: string;
    readonly reject?: boolean;
    readonly reason?: string;
  };
  readonly ed25519_signature?: Signature;
  readonly bls_signature_v2_v3_pop?: Signature;
};
type BlsPair = {
  readonly secret_key: Parameters<typeof provePossession>[0];
  readonly public_key: Parameters<typeof verifyPossession>[0];
};
type BlsSignature = Parameters<typeof verifyPossession>[1];
type SignerCases = {
  readonly bls: {
    readonly baker_tz4_pop: BlsSignature;
    readonly baker_tz4_pop_for_companion_pk: BlsSignature;
  };
  readonly authentication: {
    readonly to_sign_hex: string;
    readonly valid_signature: Signature;
    readonly rogue_signature: Signature;
    readonly signature_for_other_data: Signature;
    readonly signature_for_other_pkh: Signature;
    readonly signature_with_nonce_tag_02: Signature;
    readonly signature_over_bare_data: Signature;
  };
  readonly keys: Readonly<
    Record<
      string,
      {
        readonly public_key_hash: string;
        readonly public_key: PublicKey;
        readonly secret_key: SecretKey;
      }
    >
  >;
  readonly messages: Readonly<Record<string, Message>>;
};

const cases = vectors('signer_cases') as SignerCases;
const messages = Object.entries(cases.messages);
const valid = messages.filter(([, { expected }]) => expected.reject !== true);
const hostile = messages.filter(([, { expected }]) => expected.reject === true);
const nameOf = ([name]: readonly [string, Message]): string => name;

/** Hostile messages that are well formed: whoever signs refuses them by key, chain or horizon. */
const WELL_FORMED: Readonly<Record<string, Partial<SignSubject>>> = {
  x_tz1_bls_layout: { kind: 'attestation', mode: 'bls', level: 103 as SignSubject['level'] },
  x_tz4_slot_layout: { kind: 'attestation', mode: 'plain', level: 103 as SignSubject['level'] },
  x_att_level_max: { kind: 'attestation', level: 2147483647 as SignSubject['level'] },
  x_chain_sandbox: { kind: 'attestation', level: 103 as SignSubject['level'] },
};

/** The code with which each malformed message is refused, and where. */
const MALFORMED: Readonly<Record<string, { readonly code: string; readonly offset: number }>> = {
  x_empty: { code: 'truncated', offset: 0 },
  x_magic_only_11: { code: 'truncated', offset: 1 },
  x_8_bytes: { code: 'truncated', offset: 5 },
  x_att_trunc_round: { code: 'truncated', offset: 44 },
  x_att_trunc_payload: { code: 'truncated', offset: 48 },
  x_att_trailing: { code: 'trailing_bytes', offset: 80 },
  x_preatt_kind21: { code: 'unknown_kind', offset: 37 },
  x_att_kind20: { code: 'unknown_kind', offset: 37 },
  x_att_level_negative: { code: 'out_of_range', offset: 40 },
  x_att_level_minus1: { code: 'out_of_range', offset: 40 },
  x_att_round_negative: { code: 'out_of_range', offset: 44 },
  x_block_fitlen_huge: { code: 'truncated', offset: 87 },
  x_block_fitlen_neg: { code: 'truncated', offset: 87 },
  x_block_fitlen_0: { code: 'unknown_kind', offset: 5 },
  x_block_fitlen_shift: { code: 'truncated', offset: 124 },
  x_block_fit_level_mismatch: { code: 'out_of_range', offset: 5 },
  x_block_fit_version1: { code: 'unknown_kind', offset: 5 },
  x_block_locked_ge_round: { code: 'out_of_range', offset: 5 },
  x_block_trailing: { code: 'trailing_bytes', offset: 198 },
  x_legacy_block_01: { code: 'unknown_kind', offset: 0 },
  x_legacy_endorsement_02: { code: 'unknown_kind', offset: 0 },
  x_generic_03: { code: 'unknown_kind', offset: 0 },
  x_auth_04: { code: 'unknown_kind', offset: 0 },
  x_michelson_05: { code: 'unknown_kind', offset: 0 },
  x_magic_ff: { code: 'unknown_kind', offset: 0 },
  x_aggregate_31: { code: 'unknown_kind', offset: 37 },
};

describe('the messages of signer_cases.json', () => {
  test('have the length and the digest given', () => {
    checkEach(messages, 56, nameOf, ([, message]) => {
      const bytes = fromHex(message.hex);
      expect(bytes.length).toBe(message.length);
      expect(toHex(blake2b256(bytes))).toBe(message.blake2b_256);
    });
  });

  test('are read as the kind, level, round and chain given', () => {
    checkEach(valid, 26, nameOf, ([, message]) => {
      const { kind, level, round, slot, dal } = message.expected;
      const subject = readSignBytes(fromHex(message.hex));
      expect(subject).toMatchObject({ kind, level, round, chainId: message.chain_id });
      if (subject.kind === 'block') return;
      expect(subject.mode).toBe(voteModeOf(cases.keys[message.key]!.public_key_hash));
      if (slot !== undefined) expect(subject.slot).toBe(slot);
      if (dal !== undefined) expect(subject.dalAttestation !== undefined).toBe(dal);
    });
  });

  test('with DAL content give the bitset as a decimal number', () => {
    const bitsets = valid.flatMap(([name, { hex, expected }]) => {
      const subject = readSignBytes(fromHex(hex));
      if (expected.dal !== true || subject.kind === 'block') return [];
      return [[name, expected.dal_bitset_zarith_hex, subject.dalAttestation]];
    });
    expect(bitsets).toEqual([
      ['att_l100_r0_dal1', '01', '1'],
      ['att_l100_r0_dal_big', 'bf03', '255'],
    ]);
  });

  test('are signed as given', () => {
    const signed = messages.flatMap(([name, message]) => {
      const { ed25519_signature, bls_signature_v2_v3_pop } = message;
      const signature = ed25519_signature ?? bls_signature_v2_v3_pop;
      return signature === undefined ? [] : [{ name, message, signature }];
    });
    checkEach(
      signed,
      54,
      ({ name }) => name,
      ({ message, signature }) => {
        const { public_key: publicKey, secret_key: secretKey } = cases.keys[message.key]!;
        const bytes = fromHex(message.hex);
        expect(sign(secretKey, bytes)).toBe(signature);
        expect(verify(publicKey, signature, bytes)).toBe(true);
      },
    );
  });
});

describe('the hostile messages of signer_cases.json', () => {
  test('are all in one of the tables of this test', () => {
    const known = [...Object.keys(WELL_FORMED), ...Object.keys(MALFORMED)];
    expect(hostile.map(nameOf).toSorted()).toEqual(known.toSorted());
  });

  test('that are malformed are refused, each for its reason and at its place', () => {
    const malformed = hostile.filter(([name]) => name in MALFORMED);
    checkEach(malformed, 26, nameOf, ([name, { hex }]) => {
      expect(refusalOf(fromHex(hex))).toEqual(MALFORMED[name]);
    });
  });

  test('that are well formed are read as what they are', () => {
    const wellFormed = hostile.filter(([name]) => name in WELL_FORMED);
    checkEach(wellFormed, 4, nameOf, ([name, { hex, chain_id: chainId }]) => {
      const subject = readSignBytes(fromHex(hex));
      expect(subject).toMatchObject({ ...WELL_FORMED[name], chainId });
    });
  });
});

describe('the other signatures of signer_cases.json', () => {
  const { bls, authentication, keys } = cases;

  test('the proof of possession is made as given', () => {
    const { secret_key: secretKey, public_key: publicKey } = keys['baker_tz4'] as BlsPair;
    expect(provePossession(secretKey)).toBe(bls.baker_tz4_pop);
    expect(verifyPossession(publicKey, bls.baker_tz4_pop)).toBe(true);
    expect(verifyPossession(publicKey, bls.baker_tz4_pop_for_companion_pk)).toBe(false);
  });

  test('the proof of possession over the bytes of another key is made as given', () => {
    const { secret_key: secretKey } = keys['baker_tz4'] as BlsPair;
    const { public_key: other } = keys['companion_tz4'] as BlsPair;
    expect(provePossession(secretKey, other)).toBe(bls.baker_tz4_pop_for_companion_pk);
  });

  test('an authenticated request is signed as given, by the right key', () => {
    const bytes = fromHex(authentication.to_sign_hex);
    expect(sign(keys['client_auth']!.secret_key, bytes)).toBe(authentication.valid_signature);
    expect(sign(keys['client_rogue']!.secret_key, bytes)).toBe(authentication.rogue_signature);
    const { public_key: publicKey } = keys['client_auth']!;
    expect(verify(publicKey, authentication.valid_signature, bytes)).toBe(true);
    for (const other of [
      authentication.rogue_signature,
      authentication.signature_for_other_data,
      authentication.signature_for_other_pkh,
      authentication.signature_with_nonce_tag_02,
      authentication.signature_over_bare_data,
    ]) {
      expect(verify(publicKey, other, bytes)).toBe(false);
    }
  });
});

test('the keys of signer_cases.json belong together', () => {
  checkEach(
    Object.entries(cases.keys),
    8,
    ([name]) => name,
    ([, key]) => {
      expect(publicKeyOf(key.secret_key)).toBe(key.public_key);
      expect(publicKeyHashOf(key.public_key)).toBe(key.public_key_hash);
    },
  );
});

function refusalOf(bytes: Uint8Array): unknown {
  try {
    return readSignBytes(bytes);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    return { code: error.code, offset: error.offset };
  }
}
