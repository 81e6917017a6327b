import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase58 } from '@meridian/tezos';
import { BODY_CHARACTERS_MAX, parseRequest, PROTOCOL_PROBLEMS, ROUTES } from './index.ts';
import type { HttpRequest, Problem, ProtocolProblemCode, SignerRequest } from './index.ts';

const TZ1 = 'tz1UsLcoGgEe6LxREbHSh7tvvCVHxU5Ky93f';
const TZ4 = 'tz4F7uNZtx6hRD8FCqtFirKq2QFXqE7xtuMH';
const TZ5 = toBase58('tz5', new Uint8Array(20));
const BLPK = 'BLpk1v3EYmrQCLmmY9iMwBrFZfiBVxa6LB3WzrbjHaLPbER5WZFao36h4KSr67pQTnwnJRB2RwPu';
const HASHES = 'ac6c7e9e6a38321501562010e53b5d039bfbcab52901383fb294c8d295ebd34f';
const PAYLOAD_HASH = '81ed7c3bcf458d8bc2aa23b3eac6a9e56d801c97582695d6ea005150efdcc595';
const VOTE = `137a06a770${HASHES}1500140000006500000000${PAYLOAD_HASH}`;
const BLS_VOTE = `137a06a770${HASHES}290000006400000000${PAYLOAD_HASH}`;
const SIGNATURE =
  'edsigu1ZrmZNjt66s5Q7CqMBzCtWtvTQYdMbZFdSNyoA7XNBVNwbv47GCSV5bTivwxD2LKMurgNJVUHbKHuNmpr6zRLDygoWFuN';

function http(method: string, target: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method, target, contentType: undefined, contentEncoding: undefined, body: '', ...more };
}

function asked(request: HttpRequest): SignerRequest | undefined {
  const outcome = parseRequest(request);
  return outcome.ok ? outcome.value : undefined;
}

function problem(request: HttpRequest): Problem | undefined {
  const outcome = parseRequest(request);
  return outcome.ok ? undefined : outcome.error;
}

const signing = (hex: string, target = `/keys/${TZ1}`, more: Partial<HttpRequest> = {}) =>
  http('POST', target, { body: JSON.stringify(hex), ...more });

describe('what is asked', () => {
  test.each([
    ['/authorized_keys', { kind: 'authorized_keys' }],
    ['/known_keys', { kind: 'known_keys' }],
    [`/keys/${TZ1}`, { kind: 'public_key', pkh: TZ1 }],
    [`//keys/${TZ1}/`, { kind: 'public_key', pkh: TZ1 }],
    [`/keys/%74${TZ1.slice(1)}`, { kind: 'public_key', pkh: TZ1 }],
    [`/marks/${TZ4}`, { kind: 'marks', pkh: TZ4 }],
    [`/bls_prove_possession/${TZ4}`, { kind: 'prove_possession', pkh: TZ4, blsKey: undefined }],
    [
      `/bls_prove_possession/${TZ4}?bls_pk=${BLPK}`,
      { kind: 'prove_possession', pkh: TZ4, blsKey: BLPK },
    ],
  ])('GET %s', (target, expected) => {
    expect(asked(http('GET', target))).toEqual(expected);
  });

  test('a request to sign carries what its bytes say', () => {
    expect(asked(signing(VOTE))).toMatchObject({
      kind: 'sign',
      pkh: TZ1,
      version: 3,
      authentication: undefined,
      subject: { kind: 'attestation', level: 101, round: 0, slot: 20, chainId: 'NetXdQprcVkpaWU' },
    });
  });

  test('version and authentication are read, other query keys left alone', () => {
    const target = `/keys/${TZ1}?x=1&version=2&authentication=${SIGNATURE}`;
    expect(asked(signing(VOTE, target))).toMatchObject({ version: 2, authentication: SIGNATURE });
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON', undefined])(
    'a body of type %s is JSON',
    contentType => {
      expect(asked(signing(VOTE, undefined, { contentType }))).toMatchObject({ kind: 'sign' });
    },
  );

  test('upper-case digits are the same bytes', () => {
    const upper = asked(signing(VOTE.toUpperCase()));
    expect(upper).toEqual(asked(signing(VOTE)));
  });

  test('a tz4 key signs in BLS mode, under the two versions that the chain takes', () => {
    for (const version of ['', '?version=2', '?version=3']) {
      expect(asked(signing(BLS_VOTE, `/keys/${TZ4}${version}`))).toMatchObject({ kind: 'sign' });
    }
  });
});

type Case = readonly [name: string, request: HttpRequest, code: ProtocolProblemCode];

const REFUSED: readonly Case[] = [
  ['an unknown path', http('GET', '/'), 'unknown_route'],
  ['a path without its key', http('GET', '/keys/'), 'unknown_route'],
  ['a path with too many parts', http('GET', `/keys/${TZ1}/x`), 'unknown_route'],
  ['an escape that stands for nothing', http('GET', '/keys/%ff'), 'malformed_argument'],
  ['another method', http('PUT', `/keys/${TZ1}`), 'method_not_allowed'],
  ['HEAD', http('HEAD', '/authorized_keys'), 'head_not_implemented'],
  ['HEAD of nothing', http('HEAD', '/'), 'head_not_implemented'],
  ['an address that is none', http('GET', '/keys/tz1notakey'), 'malformed_argument'],
  ['a tz5 address', http('GET', `/keys/${TZ5}`), 'malformed_argument'],
  ['a possession of no BLS key', http('GET', `/bls_prove_possession/${TZ1}`), 'not_a_bls_key'],
  ['version 9', signing(VOTE, `/keys/${TZ1}?version=9`), 'malformed_argument'],
  ['an empty version', signing(VOTE, `/keys/${TZ1}?version=`), 'malformed_argument'],
  [
    'an inherited name as version',
    signing(VOTE, `/keys/${TZ1}?version=toString`),
    'malformed_argument',
  ],
  ['two versions', signing(VOTE, `/keys/${TZ1}?version=3&version=3`), 'malformed_argument'],
  ['version 1 of a tz4 key', signing(BLS_VOTE, `/keys/${TZ4}?version=1`), 'unsupported_version'],
  ['version 0 of a tz4 key', signing(BLS_VOTE, `/keys/${TZ4}?version=0`), 'unsupported_version'],
  [
    'an authentication that is none',
    signing(VOTE, `/keys/${TZ1}?authentication=x`),
    'malformed_argument',
  ],
  [
    'text as body',
    signing(VOTE, undefined, { contentType: 'text/plain' }),
    'unsupported_media_type',
  ],
  [
    'a compressed body',
    signing(VOTE, undefined, { contentEncoding: 'gzip' }),
    'unsupported_media_type',
  ],
  ['a huge body', signing('00'.repeat(BODY_CHARACTERS_MAX)), 'body_too_large'],
  ['no JSON', signing('', undefined, { body: '\u0003' }), 'malformed_body'],
  ['a JSON number', signing('', undefined, { body: '3' }), 'malformed_body'],
  ['two JSON values', signing('', undefined, { body: `"${VOTE}" "${VOTE}"` }), 'malformed_body'],
  ['no hexadecimal', signing('13zz'), 'malformed_body'],
  ['0x before the digits', signing(`0x${VOTE}`), 'malformed_body'],
  ['white space in the digits', signing(`137a ${VOTE.slice(4)}`), 'malformed_body'],
  ['an odd number of digits', signing(`${VOTE}0`), 'malformed_body'],
  ['nothing to sign', signing(''), 'malformed_payload'],
  ['a vote with a byte too many', signing(`${VOTE}00`), 'malformed_payload'],
  ['a watermark before another kind', signing(`12${VOTE.slice(2)}`), 'malformed_payload'],
  ['a generic operation', signing(`03${VOTE.slice(2)}`), 'never_signed'],
  ['an unknown watermark', signing('ff00'), 'never_signed'],
  ['a vote with a slot under a tz4 key', signing(VOTE, `/keys/${TZ4}`), 'wrong_mode'],
  ['a vote in BLS mode under a tz1 key', signing(BLS_VOTE), 'wrong_mode'],
];

describe('what is refused', () => {
  test.each(REFUSED)('%s', (_name, request, code) => {
    const found = problem(request);
    expect(found).toMatchObject({ code, status: PROTOCOL_PROBLEMS[code].status });
    expect(found?.message).not.toContain('undefined');
  });

  test('a wrong method is told the right ones', () => {
    expect(problem(http('DELETE', `/keys/${TZ1}`))?.details).toEqual({ allow: 'GET, POST' });
  });

  test('the message names the argument and never repeats an authentication', () => {
    expect(problem(http('GET', '/keys/tz1notakey'))?.message).toContain('public key hash');
    const target = `/keys/${TZ1}?authentication=${SIGNATURE.slice(0, -1)}x`;
    expect(problem(signing(VOTE, target))?.message).not.toContain('edsig');
  });

  test('whatever is sent, the answer is a request or a problem of the table', () => {
    const names = fc.constantFrom(...ROUTES.map(({ name }) => name), 'x', '%', '%ff', '__proto__');
    const request = fc.record<HttpRequest>({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'constructor'),
      target: fc
        .tuple(names, fc.oneof(fc.constantFrom(TZ1, TZ4, TZ5), fc.string()), fc.string())
        .map(([name, key, query]) => `/${name}/${key}?${query}`),
      contentType: fc.option(fc.string(), { nil: undefined }),
      contentEncoding: fc.option(fc.string(), { nil: undefined }),
      body: fc.oneof(fc.string(), fc.json(), fc.constant(JSON.stringify(VOTE))),
    });
    fc.assert(
      fc.property(request, each => {
        const found = problem(each);
        if (found !== undefined) expect(PROTOCOL_PROBLEMS).toHaveProperty(found.code);
      }),
      { numRuns: 2_000 },
    );
  });

  test('no problem has status 502, which Octez clients repeat ten times', () => {
    for (const { status } of Object.values(PROTOCOL_PROBLEMS)) expect(status).not.toBe(502);
  });
});
