import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { level, round } from '@meridian/tezos';
import { publicKeyHash, publicKeyHashOf, publicKeyOf } from '@meridian/tezos/crypto';
import { secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { REFUSALS, type RefusalCode } from '@meridian/watermark';
import { authenticatedBy, authenticationBytes, authorizedKeys, parseSignReply } from './index.ts';
import { protocolProblem, refusalProblem, renderAnswer, renderProblem } from './index.ts';
import { parseRequest, renderSignRequest } from './index.ts';

const CLIENT = secretKeyOfSeed('tz1', new Uint8Array(32).fill(1));
const CLIENT_KEY = publicKeyOf(CLIENT);
const KEY = publicKeyHash('tz1UsLcoGgEe6LxREbHSh7tvvCVHxU5Ky93f');
const OTHER = publicKeyHash('tz4F7uNZtx6hRD8FCqtFirKq2QFXqE7xtuMH');
const BYTES = Uint8Array.of(0x13, 1, 2, 3);

describe('answers', () => {
  test('without authentication the list of keys is an empty object, else a list even when empty', () => {
    expect(renderAnswer(authorizedKeys(null)).body).toBe('{}');
    expect(renderAnswer(authorizedKeys([])).body).toBe('{"authorized_keys":[]}');
    expect(renderAnswer(authorizedKeys([KEY])).body).toBe(`{"authorized_keys":["${KEY}"]}`);
  });

  test('a signature comes through to the client', () => {
    const signature = sign(CLIENT, BYTES);
    const { status, headers, body } = renderAnswer({ signature });
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(parseSignReply(status, body)).toEqual({ kind: 'signature', signature });
  });

  test('what a client renders is what a signer parses', () => {
    const vote = `137a06a770${'ab'.repeat(32)}1500140000006500000000${'cd'.repeat(32)}`;
    const authentication = sign(CLIENT, BYTES);
    const more = { contentType: 'application/json', contentEncoding: undefined };
    const outcome = parseRequest({ ...renderSignRequest(KEY, vote, authentication), ...more });
    expect(outcome).toMatchObject({
      value: { kind: 'sign', pkh: KEY, version: 3, authentication },
    });
  });
});

describe('problems', () => {
  test('a problem is a trace for people and for machines', () => {
    const { status, body } = renderProblem(protocolProblem('unknown_key', KEY));
    expect(status).toBe(404);
    const msg = `this signer does not hold this key: ${KEY}`;
    expect(JSON.parse(body)).toEqual([
      { kind: 'temporary', id: 'failure', msg },
      { kind: 'temporary', id: 'meridian.unknown_key', msg },
    ]);
  });

  test('the methods of a path are a header too', () => {
    const problem = protocolProblem('method_not_allowed', undefined, { allow: 'GET, POST' });
    expect(renderProblem(problem).headers['allow']).toBe('GET, POST');
  });

  test.each([
    ['conflicting_vote', 409],
    ['conflicting_block', 409],
    ['below_mark', 409],
    ['equivalent_vote_signed', 409],
    ['block_spent', 409],
    ['standby', 503],
    ['frozen', 503],
    ['latched', 503],
    ['fenced', 503],
    ['lease_exhausted', 503],
    ['missing_row', 503],
    ['other_incarnation', 503],
    ['edited_row', 503],
    ['superseded', 503],
    ['unknown_row', 403],
    ['store_went_back', 503],
    ['beyond_horizon', 403],
  ] as const satisfies readonly (readonly [RefusalCode, number])[])(
    'the refusal %s is answered with %i',
    (code, status) => {
      expect(refusalProblem({ code }).status).toBe(status);
    },
  );

  test('every refusal of the watermark has been given a status above', () => {
    expect(Object.keys(REFUSALS)).toHaveLength(17);
  });

  test('a refusal brings its mark and the released vote to the client', () => {
    const mark = { level: level(7), round: round(1), digest: 'aa' };
    const released = { bytes: '13', signature: 'edsig' };
    const problem = refusalProblem({ code: 'equivalent_vote_signed', mark, released });
    const { status, body } = renderProblem(problem);
    expect(parseSignReply(status, body)).toEqual({
      kind: 'refused',
      status: 409,
      code: 'equivalent_vote_signed',
      message: `${REFUSALS.equivalent_vote_signed.meaning} (mark: level 7, round 1)`,
      details: { mark, released },
      persistence: 'final',
      alerts: false,
    });
  });
});

describe('a client', () => {
  test('reads the trace of another signer', () => {
    const body = '[{"kind":"temporary","id":"failure","msg":"magic byte 0x03 not allowed"}]';
    expect(parseSignReply(500, body)).toEqual({
      kind: 'refused',
      status: 500,
      code: undefined,
      message: 'magic byte 0x03 not allowed',
      details: {},
      persistence: 'passing',
      alerts: true,
    });
  });

  const persistenceOf = ({ status, body }: { status: number; body: string }) => {
    const reply = parseSignReply(status, body);
    return reply.kind === 'refused' ? reply.persistence : undefined;
  };

  test.each(Object.entries(REFUSALS))('knows how long the refusal %s holds', (name, facts) => {
    const problem = renderProblem(refusalProblem({ code: name as RefusalCode }));
    expect(persistenceOf(problem)).toBe(facts.class === 'unsafe' ? 'final' : 'lasting');
  });

  test.each([
    ['store_unavailable', 'passing'],
    ['vault_unavailable', 'passing'],
    ['signing_in_progress', 'passing'],
    ['internal_error', 'passing'],
    ['request_too_slow', 'passing'],
    ['unknown_key', 'lasting'],
    ['not_allowed', 'lasting'],
    ['authentication_required', 'lasting'],
    ['malformed_payload', 'final'],
  ] as const)('knows that %s is %s', (code, persistence) => {
    expect(persistenceOf(renderProblem(protocolProblem(code)))).toBe(persistence);
  });

  test.each([
    [404, 'lasting'],
    [409, 'final'],
    [429, 'passing'],
    [502, 'passing'],
    [302, 'passing'],
  ])('takes the status %i of another signer for %s', (status, persistence) => {
    expect(persistenceOf({ status, body: 'toString' })).toBe(persistence);
  });

  test('takes an inherited name for no code of ours', () => {
    const body = JSON.stringify([{ id: 'meridian.toString' }]);
    expect(persistenceOf({ status: 503, body })).toBe('passing');
  });

  test.each([
    ['no JSON', 200, 'ok'],
    ['no signature', 200, '{}'],
    ['a signature that is none', 200, '{"signature":"edsig1"}'],
  ])('an answer with %s is malformed', (_name, status, body) => {
    expect(parseSignReply(status, body).kind).toBe('malformed');
  });

  test('never throws, whatever comes back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        fc.oneof(fc.string(), fc.json()),
        (status, body) => {
          const { kind } = parseSignReply(status, body);
          expect(kind === 'signature').toBe(false);
        },
      ),
    );
  });
});

describe('authentication', () => {
  const authentication = sign(CLIENT, authenticationBytes(KEY, BYTES));

  test('names which key is to sign what', () => {
    const bytes = authenticationBytes(OTHER, BYTES);
    expect([...bytes.subarray(0, 3)]).toEqual([0x04, 0x01, 3]);
    expect([...bytes.subarray(23)]).toEqual([...BYTES]);
  });

  test('is accepted from an authorized key for this key and these bytes alone', () => {
    expect(authenticatedBy([CLIENT_KEY], authentication, KEY, BYTES)).toBe(CLIENT_KEY);
    expect(authenticatedBy([], authentication, KEY, BYTES)).toBeUndefined();
    expect(authenticatedBy([CLIENT_KEY], authentication, OTHER, BYTES)).toBeUndefined();
    expect(authenticatedBy([CLIENT_KEY], authentication, KEY, BYTES.subarray(1))).toBeUndefined();
    const bare = sign(CLIENT, BYTES);
    expect(authenticatedBy([CLIENT_KEY], bare, KEY, BYTES)).toBeUndefined();
    expect(publicKeyHashOf(CLIENT_KEY)).toMatch(/^tz1/);
  });
});
