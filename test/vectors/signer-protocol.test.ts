import { describe, expect, test } from 'vitest';
import type { PublicKey, PublicKeyHash, Signature } from '@meridian/tezos';
import { fromHex, toHex } from '@meridian/tezos';
import { authenticatedBy, authenticationBytes, parseRequest } from '@meridian/signer-protocol';
import { frame, frameBuffer, parseSocketRequest } from '@meridian/signer-protocol/socket';
import { renderSocketAnswer } from '@meridian/signer-protocol/socket';
import { vectors } from './load.ts';

type Step = {
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly expect?: { readonly status: readonly number[] };
};

type Fixtures = {
  readonly keys: Readonly<
    Record<string, { readonly public_key: PublicKey; readonly public_key_hash: PublicKeyHash }>
  >;
  readonly authentication: Readonly<Record<string, string>>;
  readonly socket: Readonly<Record<string, string>>;
  readonly messages: Readonly<Record<string, { readonly hex: string }>>;
  readonly cases: readonly {
    readonly id: string;
    readonly name: string;
    readonly group: string;
    readonly steps?: readonly Step[];
  }[];
};

const fixtures = vectors('signer_cases') as Fixtures;

/** Cases that nothing but keys, marks or configuration decides: here their requests have to be well formed. */
const DECIDED_LATER = new Set(['S07', 'S08', 'S11', 'S13', 'S55', 'S93']);
const DECIDED_BY_STATE = new Set(['watermark', 'auth', 'concurrency', 'fault', 'ops']);
/** Its requests are about the health port. */
const OTHER_PORT = new Set(['S125']);

describe('every request of the signer cases', () => {
  const steps = fixtures.cases
    .filter(({ id }) => !OTHER_PORT.has(id))
    .flatMap(({ id, name, group, steps = [] }) =>
      steps.map((step, at) => ({ title: `${id}.${at.toString()} ${name}`, id, group, step })),
    );

  test.each(steps)('$title', ({ id, group, step }) => {
    const { request, expect: expected } = step;
    if (request === undefined || expected === undefined) return;
    const { headers = {}, body = '' } = request;
    const outcome = parseRequest({
      method: request.method,
      target: request.path,
      contentType: headers['content-type'],
      contentEncoding: headers['content-encoding'],
      body,
    });
    const later = DECIDED_LATER.has(id) || DECIDED_BY_STATE.has(group);
    const malformed = id === 'S102' || id === 'S126';
    if (later && !malformed) expect(outcome).toMatchObject({ ok: true });
    else if (outcome.ok) expect(expected.status).toContain(200);
    else if (body !== '' || request.method !== 'POST') {
      expect(expected.status).toContain(outcome.error.status);
    }
  });

  test('there are as many as the file promises', () => {
    expect(steps.length).toBeGreaterThan(90);
  });
});

describe('authentication', () => {
  const { authentication, keys, messages } = fixtures;
  const pkh = keys['baker_tz1']!.public_key_hash;
  const bytes = fromHex(messages['att_l101_r0']?.hex ?? '');
  const client = keys['client_auth']!.public_key;

  test('the bytes to sign are those of the fixture', () => {
    expect(toHex(authenticationBytes(pkh, bytes))).toBe(authentication['to_sign_hex']);
  });

  test.each([
    ['valid_signature', true],
    ['rogue_signature', false],
    ['signature_for_other_data', false],
    ['signature_for_other_pkh', false],
    ['signature_with_nonce_tag_02', false],
    ['signature_over_bare_data', false],
  ])('%s is accepted: %s', (name, accepted) => {
    const signature = authentication[name] as Signature;
    expect(authenticatedBy([client], signature, pkh, bytes) === client).toBe(accepted);
  });
});

describe('the frames of a socket', () => {
  const { socket, keys, messages } = fixtures;
  const pkhOf = (name: string) => keys[name]!.public_key_hash;
  const bytesOf = (name: string) => fromHex(messages[name]!.hex);

  test.each([
    ['authorized_keys_request', { kind: 'authorized_keys' }],
    ['known_keys_request', { kind: 'known_keys' }],
    ['public_key_request_tz1', { kind: 'public_key', pkh: pkhOf('baker_tz1') }],
    [
      'sign_request_tz1_no_auth',
      { kind: 'sign', pkh: pkhOf('baker_tz1'), bytes: bytesOf('att_l101_r0') },
    ],
    [
      'sign_request_tz4_version3',
      { kind: 'sign', pkh: pkhOf('baker_tz4'), bytes: bytesOf('att_tz4'), version: 3 },
    ],
  ])('%s is read as what it is', (name, value) => {
    const buffer = frameBuffer();
    buffer.add(fromHex(socket[name] ?? ''));
    const message = buffer.next();
    expect(buffer.next()).toBeUndefined();
    expect(message && parseSocketRequest(message)).toMatchObject({ ok: true, value });
  });

  test('the answer that nobody has to authenticate is written as given', () => {
    const answer = toHex(frame(renderSocketAnswer({})));
    expect(answer).toBe(socket['response_no_authentication']);
  });
});
