import { describe, expect, test } from 'vitest';
import { ok } from '@meridian/prelude';
import { authenticationBytes, type SignerRequest } from '@meridian/signer-protocol';
import type { PublicKeyHash, Signature } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { verifyPossession } from '@meridian/tezos/crypto';
import { readSignBytes } from '@meridian/tezos/forge';
import { answer, type AnswerParts } from './answer.ts';
import { attestation, BAKER, countedKeystore, OTHER } from './fixtures.ts';

const keyOf = (curve: 'tz1' | 'tz4', seed: number) => {
  const secret = secretKeyOfSeed(curve, new Uint8Array(32).fill(seed));
  const key = publicKeyOf(secret);
  return { secret, key, pkh: publicKeyHashOf(key) };
};
const CLIENT = keyOf('tz1', 20);
const SECOND_CLIENT = keyOf('tz4', 21);
const ROGUE = keyOf('tz1', 22);
const TZ4 = keyOf('tz4', 23);
const BYTES = attestation(10);
const SIGNED = 'edsig' as Signature;

/** What answers, with a list of what key, store and sign route were asked. */
function answering(given: Partial<AnswerParts> = {}) {
  const asked: string[] = [];
  const { keystore } = countedKeystore(undefined, [BAKER, TZ4]);
  const parts: AnswerParts = {
    keystore: {
      keys: () => {
        asked.push('keys');
        return keystore.keys();
      },
      sign: (...of) => keystore.sign(...of),
      provePossession: (...of) => {
        asked.push('vault');
        return keystore.provePossession(...of);
      },
    },
    sign: pkh => {
      asked.push(`sign ${pkh}`);
      return Promise.resolve(ok({ signature: SIGNED }));
    },
    marks: pkh => {
      asked.push(`marks ${pkh}`);
      return Promise.resolve(ok({ marks: [] }));
    },
    authorizedKeys: [],
    allow: { knownKeys: false, provePossession: false },
    ...given,
  };
  return { asked, ask: (request: SignerRequest) => answer(parts, request) };
}

function signing(authentication?: Signature, pkh: PublicKeyHash = BAKER.pkh): SignerRequest {
  const subject = readSignBytes(BYTES);
  return { kind: 'sign', pkh, version: 3, authentication, bytes: BYTES, subject };
}

const refused = (code: string) => ({ ok: false, error: { code } });
const AUTHORIZED = { authorizedKeys: [CLIENT.key, SECOND_CLIENT.key] };

describe('who has to authenticate', () => {
  test('is nobody without authorized keys, and no list is told', async () => {
    const { ask, asked } = answering();
    expect(await ask({ kind: 'authorized_keys' })).toEqual(ok({}));
    expect(await ask(signing())).toEqual(ok({ signature: SIGNED }));
    expect(asked).toEqual([`sign ${BAKER.pkh}`]);
  });

  test('is told by the hashes of the authorized keys, never by the keys', async () => {
    const { ask } = answering(AUTHORIZED);
    const hashes = [CLIENT.pkh, SECOND_CLIENT.pkh];
    expect(await ask({ kind: 'authorized_keys' })).toEqual(ok({ authorized_keys: hashes }));
  });

  test.each([
    ['first', CLIENT],
    ['second', SECOND_CLIENT],
  ])('is let in by the %s authorized key', async (_which, { secret }) => {
    const { ask, asked } = answering(AUTHORIZED);
    const authentication = sign(secret, authenticationBytes(BAKER.pkh, BYTES));
    expect(await ask(signing(authentication))).toEqual(ok({ signature: SIGNED }));
    expect(asked).toEqual([`sign ${BAKER.pkh}`]);
  });

  test.each<[string, string, Signature | undefined]>([
    ['without an authentication', 'authentication_required', undefined],
    ['by another key', 'authentication_invalid', authenticationOf(ROGUE, BAKER.pkh)],
    ['by the key that is to sign', 'authentication_invalid', authenticationOf(BAKER, BAKER.pkh)],
    ['for another key', 'authentication_invalid', authenticationOf(CLIENT, OTHER.pkh)],
    ['for other bytes', 'authentication_invalid', authenticationOf(CLIENT, BAKER.pkh, 11)],
    ['over the bare bytes', 'authentication_invalid', sign(CLIENT.secret, BYTES)],
  ])('is refused %s, before anything is asked', async (_what, code, authentication) => {
    const { ask, asked } = answering(AUTHORIZED);
    expect(await ask(signing(authentication))).toMatchObject({
      ok: false,
      error: { code, status: 401 },
    });
    expect(asked).toEqual([]);
  });

  test('hears nothing of whether a key is held', async () => {
    const { ask } = answering(AUTHORIZED);
    expect(await ask(signing(undefined, OTHER.pkh))).toEqual(await ask(signing()));
  });

  test('may ask for keys and marks without', async () => {
    const { ask } = answering(AUTHORIZED);
    const { pkh, key } = BAKER;
    expect(await ask({ kind: 'public_key', pkh })).toEqual(ok({ public_key: key }));
    expect(await ask({ kind: 'marks', pkh })).toEqual(ok({ marks: [] }));
  });
});

function authenticationOf(
  client: { readonly secret: typeof CLIENT.secret },
  pkh: PublicKeyHash,
  level = 10,
) {
  return sign(client.secret, authenticationBytes(pkh, attestation(level)));
}

test('nonces are not made of a key', async () => {
  const { ask, asked } = answering();
  const outcome = await ask({ kind: 'supports_deterministic_nonces', pkh: BAKER.pkh });
  expect(outcome).toEqual(ok({ supports_deterministic_nonces: false }));
  expect(asked).toEqual([]);
});

describe('what is not allowed unless it is said', () => {
  const possession: SignerRequest = { kind: 'prove_possession', pkh: TZ4.pkh, blsKey: undefined };

  test('are the list of keys and a proof of possession, and no key is touched for them', async () => {
    const { ask, asked } = answering();
    expect(await ask({ kind: 'known_keys' })).toMatchObject(refused('not_allowed'));
    expect(await ask(possession)).toMatchObject(refused('not_allowed'));
    expect(asked).toEqual([]);
  });

  test('each is allowed by its own word', async () => {
    const keys = answering({ allow: { knownKeys: true, provePossession: false } });
    const hashes = [BAKER.pkh, TZ4.pkh];
    expect(await keys.ask({ kind: 'known_keys' })).toEqual(ok({ known_keys: hashes }));
    expect(await keys.ask(possession)).toMatchObject(refused('not_allowed'));
    const proofs = answering({ allow: { knownKeys: false, provePossession: true } });
    expect(await proofs.ask({ kind: 'known_keys' })).toMatchObject(refused('not_allowed'));
    expect(await proofs.ask(possession)).toMatchObject({ ok: true });
  });

  test('a proof of possession is of the key that is asked for, over the key that is given', async () => {
    const { ask } = answering({ allow: { knownKeys: false, provePossession: true } });
    type Proof = Parameters<typeof verifyPossession>;
    const proofOf = async (blsKey: typeof TZ4.key | undefined) => {
      const outcome = await ask({ kind: 'prove_possession', pkh: TZ4.pkh, blsKey });
      return (outcome as { value: { bls_prove_possession: Proof[1] } }).value.bls_prove_possession;
    };
    expect(verifyPossession(TZ4.key as Proof[0], await proofOf(undefined))).toBe(true);
    expect(await proofOf(TZ4.key)).toBe(await proofOf(undefined));
    expect(verifyPossession(TZ4.key as Proof[0], await proofOf(SECOND_CLIENT.key))).toBe(false);
  });

  test('a proof of possession of a key that is not held is not asked of the vault', async () => {
    const { ask, asked } = answering({ allow: { knownKeys: false, provePossession: true } });
    const other: SignerRequest = { ...possession, pkh: SECOND_CLIENT.pkh };
    expect(await ask(other)).toMatchObject(refused('unknown_key'));
    expect(asked).toEqual(['keys']);
  });

  test('a vault that fails to prove is a vault that is away', async () => {
    const { keystore } = countedKeystore(undefined, [TZ4]);
    const broken = { ...keystore, provePossession: () => Promise.reject(new Error('no vault')) };
    const allow = { knownKeys: false, provePossession: true };
    const { ask } = answering({ keystore: broken, allow });
    expect(await ask(possession)).toMatchObject(refused('vault_unavailable'));
  });
});
