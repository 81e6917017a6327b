import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { BODY_CHARACTERS_MAX } from '@meridian/signer-protocol';
import { toBase58, toHex, type PublicKeyHash, type Signature } from '@meridian/tezos';
import { sign, verify } from '@meridian/tezos/crypto';
import { StoreError, type WatermarkStore } from '@meridian/watermark-store';
import { activeStore, attestation, BAKER, CHAIN } from './fixtures.ts';
import { ANSWERS, countedKeystore, journalOf, OTHER, OTHER_CHAIN } from './fixtures.ts';
import { signingParts } from './fixtures.ts';
import type { AnswerParts } from './answer.ts';
import { signerHttp } from './http.ts';
import { signerServer } from './http-server.ts';
import { marksOf } from './marks.ts';
import { createSigning } from './sign.ts';

const { key, pkh, secret } = BAKER;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
});

/** A signer over HTTP; `vault` may take the place of its key, and `instead` that of any part. */
async function signer(
  vault?: () => Promise<Signature>,
  given?: WatermarkStore | null,
  instead: Partial<AnswerParts> = {},
) {
  const store = given === undefined ? await activeStore() : (given ?? undefined);
  const { keystore, used } = countedKeystore(vault);
  const outcomes: string[] = [];
  // What a store of this test says, also where it cannot be asked.
  const journal = await journalOf(await activeStore());
  const sign = createSigning(
    await signingParts(await activeStore(), keystore, {
      guard: () => store && { store, journal },
      observe: ({ outcome }) => outcomes.push(outcome),
    }),
  );
  const marks = (of: PublicKeyHash) => marksOf({ chains: [CHAIN], store: () => store }, of);
  const parts = { ...ANSWERS, keystore, sign, marks, ...instead };
  const server = signerServer(signerHttp(parts));
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
  const ask = async (bytes: Uint8Array, body = JSON.stringify(toHex(bytes))) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${base}/keys/${pkh}`, { method: 'POST', headers, body });
    const text = await response.text();
    const json = JSON.parse(text) as { signature?: Signature } & readonly { id?: string }[];
    return { status: response.status, signature: json.signature, code: json[1]?.id, text };
  };
  return { base, ask, outcomes, used };
}

describe('a request to sign', () => {
  test('gets a signature that the chain accepts, and the same one again', async () => {
    const { ask, used, outcomes } = await signer();
    const bytes = attestation(10);
    const first = await ask(bytes);
    expect(first.status).toBe(200);
    expect(verify(key, first.signature!, bytes)).toBe(true);
    expect(await ask(bytes)).toEqual(first);
    expect(used()).toBe(1);
    expect(outcomes).toEqual(['signed', 'released']);
  });

  test('for another payload at the same place is refused with the mark, whoever comes first', async () => {
    const { ask, used } = await signer();
    const answers = await Promise.all([1, 2, 3].map(payload => ask(attestation(10, payload))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.code).toBe('meridian.conflicting_vote');
    expect(used()).toBe(1);
  });

  test.each([
    ['below the mark', 'meridian.below_mark', 409, () => attestation(9)],
    ['for another chain', 'meridian.not_allowed', 403, () => attestation(10, 1, OTHER_CHAIN)],
    ['of no known kind', 'meridian.never_signed', 403, () => Uint8Array.of(3, 1, 2, 3)],
    ['of half a vote', 'meridian.malformed_payload', 400, () => attestation(10).subarray(0, 40)],
  ])('%s is refused, and the vault hears nothing of it', async (_what, code, status, bytes) => {
    const { ask, used } = await signer();
    expect(await ask(bytes())).toMatchObject({ status, code });
    expect(used()).toBe(0);
  });

  test('with a body that is rubbish or too long is refused', async () => {
    const { ask } = await signer();
    expect(await ask(attestation(10), '{"half":')).toMatchObject({
      status: 400,
      code: 'meridian.malformed_body',
    });
    expect(await ask(attestation(10), 'x'.repeat(70_000))).toMatchObject({
      status: 413,
      code: 'meridian.body_too_large',
    });
  });

  test('with a body of the longest length is read, and with a character more it is not', async () => {
    const { ask } = await signer();
    const text = JSON.stringify(toHex(attestation(10)));
    const bodies = [0, 1].map(more => text.padEnd(BODY_CHARACTERS_MAX + more));
    expect(await ask(attestation(10), bodies[0])).toMatchObject({ status: 200 });
    expect(await ask(attestation(10), bodies[1])).toMatchObject({ status: 413 });
  });

  test('with a body that is too long in bytes is refused, though it has few characters', async () => {
    const { ask } = await signer();
    const text = JSON.stringify('€'.repeat(BODY_CHARACTERS_MAX / 2));
    expect(await ask(attestation(10), text)).toMatchObject({ status: 413 });
  });

  test('with a compressed body is refused, whatever is in it', async () => {
    const { base, used } = await signer();
    const body = gzipSync(JSON.stringify(toHex(attestation(10))));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const response = await fetch(`${base}/keys/${pkh}`, { method: 'POST', headers, body });
    expect(response.status).toBe(415);
    expect(used()).toBe(0);
  });
});

describe('when something is away', () => {
  test('a store that another process holds is 503', async () => {
    const { ask, used } = await signer(undefined, null);
    expect(await ask(attestation(10))).toMatchObject({
      status: 503,
      code: 'meridian.store_unavailable',
    });
    expect(used()).toBe(0);
  });

  test('a store that fails is 503, and nothing is signed', async () => {
    const store = await activeStore();
    const broken = { ...store, advance: () => Promise.reject(new StoreError('unavailable')) };
    const { ask, used } = await signer(undefined, broken);
    expect(await ask(attestation(10))).toMatchObject({
      status: 503,
      code: 'meridian.store_unavailable',
    });
    expect(used()).toBe(0);
  });

  test('marks that cannot be read are 503', async () => {
    const store = await activeStore();
    await store.close();
    const { base } = await signer(undefined, store);
    const response = await fetch(`${base}/marks/${pkh}`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject([{}, { id: 'meridian.store_unavailable' }]);
    const none = await signer(undefined, null);
    expect((await fetch(`${none.base}/marks/${pkh}`)).status).toBe(503);
  });

  test('a mistake of ours is 500 and no fault of request or store, and tells us alone of its insides', async () => {
    const mistakes: unknown[] = [];
    const inside = new Error('inside');
    const { ask } = await signer(undefined, undefined, {
      sign: () => Promise.reject(inside),
      mistake: error => mistakes.push(error),
    });
    const { status, code, text } = await ask(attestation(10));
    expect([status, code]).toEqual([500, 'meridian.internal_error']);
    expect(text).not.toMatch(/inside|http\.ts/);
    expect(mistakes).toEqual([inside]);
  });

  test('a mistake that nobody is told of is answered all the same', async () => {
    const { ask } = await signer(undefined, undefined, {
      sign: () => {
        throw new Error('inside');
      },
    });
    expect(await ask(attestation(10))).toMatchObject({ status: 500 });
  });

  test('a vault that fails is 503, and the same vote can be asked for again', async () => {
    let fails = true;
    const { ask } = await signer(() => {
      const outcome = fails
        ? Promise.reject(new Error('no vault'))
        : Promise.resolve(sign(secret, attestation(10)));
      fails = false;
      return outcome;
    });
    expect(await ask(attestation(10))).toMatchObject({
      status: 503,
      code: 'meridian.vault_unavailable',
    });
    expect(await ask(attestation(10, 2))).toMatchObject({ status: 409 });
    expect(await ask(attestation(10))).toMatchObject({ status: 200 });
  });
});

test('a key, the marks and the other questions of the protocol are answered', async () => {
  const { base, ask } = await signer();
  await ask(attestation(10));
  const get = async (path: string): Promise<unknown> => (await fetch(base + path)).json();
  expect(await get(`/keys/${pkh}`)).toEqual({ public_key: key });
  expect(await get('/authorized_keys')).toEqual({});
  expect(await get(`/marks/${pkh}`)).toMatchObject({
    marks: [
      { kind: 'block', level: 9 },
      { kind: 'attestation', level: 10, bytes: toHex(attestation(10)) },
    ],
  });
  expect((await fetch(`${base}/nothing`)).status).toBe(404);
});

test('a key that is not held has no public key, no signature and no proof of possession', async () => {
  const { base, used } = await signer();
  expect((await fetch(`${base}/keys/${OTHER.pkh}`)).status).toBe(404);
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(toHex(attestation(10)));
  const asked = await fetch(`${base}/keys/${OTHER.pkh}`, { method: 'POST', headers, body });
  expect(asked.status).toBe(404);
  const tz4 = toBase58('tz4', new Uint8Array(20));
  expect((await fetch(`${base}/bls_prove_possession/${tz4}`)).status).toBe(403);
  expect(used()).toBe(0);
});
