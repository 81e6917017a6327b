import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Keystore } from '@meridian/keystore';
import { level, round, slot, toBase58, toHex, type Signature } from '@meridian/tezos';
import {
  publicKeyHashOf,
  publicKeyOf,
  secretKeyOfSeed,
  sign,
  verify,
} from '@meridian/tezos/crypto';
import { voteSignBytes } from '@meridian/tezos/forge';
import { NO_MAX_LEVEL } from '@meridian/watermark';
import { provision, takeOver } from '@meridian/watermark/administration';
import { memoryStore, type WatermarkStore } from '@meridian/watermark-store';
import { signerHttp } from './http.ts';
import { createSigning } from './sign.ts';

const CHAIN = toBase58('chainId', Uint8Array.of(1, 2, 3, 4));
const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(3));
const key = publicKeyOf(secret);
const pkh = publicKeyHashOf(key);
const FLOOR = { level: level(9), round: round(0) };
const HOLDER = { site: 'us', epoch: 1, incarnation: 'first', generation: 0 };

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
});

function attestation(at: number, payload = 1, chain = CHAIN): Uint8Array {
  const vote = {
    kind: 'attestation',
    slot: slot(1),
    level: level(at),
    round: round(0),
    block_payload_hash: toBase58('payloadHash', new Uint8Array(32).fill(payload)),
  } as const;
  const branch = toBase58('blockHash', new Uint8Array(32).fill(7));
  return voteSignBytes(chain, { branch, contents: [vote] }, 'plain');
}

async function activeStore(): Promise<WatermarkStore> {
  const store = memoryStore();
  for (const kind of ['block', 'attestation'] as const) {
    const row = { chainId: CHAIN, pkh, kind };
    await store.administer(row, before =>
      provision(before, row, { ...HOLDER, epoch: 0 }, FLOOR, 'new'),
    );
    const authority = { ...HOLDER, by: 'first_use', maxLevel: NO_MAX_LEVEL, floor: FLOOR } as const;
    await store.administer(row, before => takeOver(before!, authority));
  }
  return store;
}

/** A signer over HTTP; `vault` may take the place of its key. */
async function signer(vault?: () => Promise<Signature>, given?: WatermarkStore | null) {
  const store = given === undefined ? await activeStore() : (given ?? undefined);
  let used = 0;
  const keystore: Keystore = {
    keys: () => [{ name: 'baker', pkh, publicKey: key }],
    sign: (_pkh, payload) => {
      used += 1;
      return vault?.() ?? Promise.resolve(sign(secret, payload));
    },
  };
  const outcomes: string[] = [];
  const parts = { chainId: CHAIN, keystore, store: () => store };
  const signing = createSigning({ ...parts, observe: ({ outcome }) => outcomes.push(outcome) });
  const server = createServer(signerHttp({ ...parts, sign: signing }));
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
  const ask = async (bytes: Uint8Array, body = JSON.stringify(toHex(bytes))) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${base}/keys/${pkh}`, { method: 'POST', headers, body });
    const json = (await response.json()) as { signature?: Signature } & readonly { id?: string }[];
    return { status: response.status, signature: json.signature, code: json[1]?.id };
  };
  return { base, ask, outcomes, used: () => used };
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
    [
      'for another chain',
      'meridian.not_allowed',
      403,
      () => attestation(10, 1, toBase58('chainId', new Uint8Array(4))),
    ],
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
    const broken = { ...store, advance: () => Promise.reject(new Error('disk full')) };
    const { ask, used } = await signer(undefined, broken);
    expect(await ask(attestation(10))).toMatchObject({
      status: 503,
      code: 'meridian.store_unavailable',
    });
    expect(used()).toBe(0);
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
  expect(await get('/known_keys')).toEqual({ known_keys: [pkh] });
  expect(await get(`/marks/${pkh}`)).toMatchObject({
    marks: [
      { kind: 'block', level: 9 },
      { kind: 'attestation', level: 10, bytes: toHex(attestation(10)) },
    ],
  });
  expect((await fetch(`${base}/nothing`)).status).toBe(404);
});
