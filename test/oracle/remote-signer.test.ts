import { join } from 'node:path';
import { RemoteSigner } from '@taquito/remote-signer';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PublicKey, SecretKey, Signature } from '@meridian/tezos';
import { verify } from '@meridian/tezos/crypto';
import { parseCaseFile, type CaseFile } from '../lab/conformance/case-file.ts';
import { furnish } from '../lab/conformance/house.ts';
import { SQLITE_STORE } from '../lab/conformance/sqlite-store.ts';
import { setStage, type OwnHouse } from '../lab/conformance/stage.ts';
import { vectors } from '../vectors/load.ts';
import { octezOverHttp, octezOverSocket, type OctezClient } from './octez-client.ts';

/* Clients that share no code with our signer's side, against a signer that runs. */

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const read = parseCaseFile(vectors('signer_cases'));
if (!read.ok) throw new Error(read.error);
const file: CaseFile = read.value;
const keyNamed = (name: string) => {
  const key = file.keys[name];
  if (key === undefined) throw new Error(`there is no key ${name}`);
  return key;
};
const bytesNamed = (name: string): Buffer => Buffer.from(file.messages[name]?.hex ?? '', 'hex');
const isOver = (key: string, signature: string, message: string): boolean =>
  verify(keyNamed(key).public_key as PublicKey, signature as Signature, bytesNamed(message));

const TZ1 = keyNamed('baker_tz1').public_key_hash;
const TZ3 = keyNamed('baker_tz3').public_key_hash;
const TZ4 = keyNamed('baker_tz4').public_key_hash;
const CLIENT = keyNamed('client_auth').secret_key as SecretKey;
const ROGUE = keyNamed('client_rogue').secret_key as SecretKey;

type Running = { readonly stage: OwnHouse; readonly url: string; readonly socket: string };

async function running(authenticates: boolean): Promise<Running> {
  const house = furnish(file, {
    floor: { level: 50, round: 0 },
    require_authentication: authenticates,
    ...{ allow_list_known_keys: false, allow_to_prove_possession: false },
  });
  const socket = join(house.folder, 'signer.sock');
  const configuration = { ...house.configuration, socket };
  const stage = await setStage({
    house: { ...house, configuration },
    ...{ store: SQLITE_STORE, replicas: 1 },
  });
  return { stage, url: stage.urls()[0] ?? '', socket };
}

let open: Running;
let guarded: Running;
beforeAll(async () => {
  [open, guarded] = await Promise.all([running(false), running(true)]);
});
afterAll(() => Promise.all([open, guarded].map(({ stage }) => stage.close())));

describe('@taquito/remote-signer 21', () => {
  const watermarkOf = (message: string) => Uint8Array.from(bytesNamed(message).subarray(0, 1));
  const restOf = (message: string) => bytesNamed(message).subarray(1).toString('hex');
  const signed = (url: string, pkh: string, message: string) =>
    new RemoteSigner(pkh, url).sign(restOf(message), watermarkOf(message));

  test.each([
    ['baker_tz1', 'att_l101_r0'],
    ['baker_tz1', 'preatt_l100_r0'],
    ['baker_tz1', 'block_l101_r0'],
    ['baker_tz3', 'att_tz3'],
    ['baker_tz3', 'block_tz3'],
  ])('has %s sign %s, verifies it, and gets the same again', async (key, message) => {
    const { public_key_hash: pkh } = keyNamed(key);
    const first = await signed(open.url, pkh, message);
    expect(isOver(key, first.prefixSig, message)).toBe(true);
    expect(await signed(open.url, pkh, message)).toEqual(first);
  });

  test('reads a public key, and is told of one that is not held', async () => {
    const { public_key: key } = keyNamed('baker_tz1');
    expect(await new RemoteSigner(TZ1, open.url).publicKey()).toBe(key);
    const unknown = new RemoteSigner(keyNamed('unknown_tz1').public_key_hash, open.url);
    await expect(unknown.publicKey()).rejects.toMatchObject({ name: 'PublicKeyNotFoundError' });
    await expect(unknown.sign('00', Uint8Array.of(0x13))).rejects.toThrow();
  });

  test.each([
    ['another payload for a place', 'att_l101_r0', 'att_l100_r0_other', 409],
    ['what is no block and no vote', undefined, 'x_generic_03', 403],
    ['half a vote', undefined, 'x_att_trunc_round', 400],
  ])('is refused %s, with an error of the status', async (_what, before, message, status) => {
    if (before !== undefined) await signed(open.url, TZ1, before);
    const refused = await signed(open.url, TZ1, message).catch((error: unknown) => error);
    const { cause, ...error } = refused as { cause?: { status: number }; status?: number };
    expect(cause?.status ?? error.status).toBe(status);
  });

  test('cannot authenticate, and is refused where a signer asks for that', async () => {
    const refused = signed(guarded.url, TZ1, 'att_l101_r0');
    await expect(refused).rejects.toMatchObject({ status: 401 });
    expect(await new RemoteSigner(TZ1, guarded.url).publicKey()).toBe(
      keyNamed('baker_tz1').public_key,
    );
  });
});

/* Every test asks for the same bytes of a place, so none is in another's way. */
type Transport = (to: Running, secrets?: readonly SecretKey[]) => Promise<OctezClient>;
const TRANSPORTS: readonly (readonly [name: string, transport: Transport])[] = [
  ['HTTP', ({ url }, secrets) => Promise.resolve(octezOverHttp(url, secrets))],
  ['a socket', ({ socket }, secrets) => octezOverSocket(socket, secrets)],
];

describe.each(TRANSPORTS)('a client that does what Octez does, over %s', (_name, client) => {
  const OF: readonly (readonly [key: string, message: string])[] = [
    ['baker_tz1', 'att_l101_r0'],
    ['baker_tz1', 'block_l101_r0'],
    ['baker_tz3', 'block_tz3'],
    ['baker_tz4', 'att_tz4'],
    ['baker_tz4', 'block_tz4'],
  ];

  test.each([
    ['without authentication', false, []],
    ['with authentication', true, [ROGUE, CLIENT]],
  ] as const)('gets votes and blocks of every curve signed, %s', async (_how, must, secrets) => {
    const asking = await client(must ? guarded : open, secrets);
    for (const [key, message] of OF) {
      const { public_key_hash: pkh } = keyNamed(key);
      const signature = await asking.sign(pkh, bytesNamed(message));
      expect([message, isOver(key, signature, message)]).toEqual([message, true]);
      expect(await asking.sign(pkh, bytesNamed(message))).toBe(signature);
    }
    asking.close();
  });

  test('is shown why it is refused', async () => {
    const asking = await client(open);
    await asking.sign(TZ4, bytesNamed('att_tz4'));
    const refused = asking.sign(TZ4, bytesNamed('att_tz4_other'));
    await expect(refused).rejects.toThrow(/another payload or branch was signed/);
    await expect(asking.sign(TZ3, bytesNamed('x_generic_03'))).rejects.toThrow(/never signed/);
    asking.close();
  });

  test('without an authorized key asks for nothing', async () => {
    const stranger = await client(guarded, [ROGUE]);
    await expect(stranger.sign(TZ1, bytesNamed('att_l101_r0'))).rejects.toThrow(
      /no key of the client/,
    );
    stranger.close();
  });
});
