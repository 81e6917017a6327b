import { describe, expect, test } from 'vitest';
import { vectors } from '../../vectors/load.ts';
import { parseCaseFile } from './case-file.ts';

const KEYS = { one: { public_key_hash: 'tz1', public_key: 'edpk', secret_key: 'edsk' } };
const STEP = { request: { method: 'GET', path: '/' }, expect: { status: [200] } };
const CASE = { id: 'X1', group: 'g', name: 'n', config: {}, steps: [STEP] };
const ASKED = { parallel: { repeat: 1, requests: [STEP.request] }, expect: { statuses: [200] } };

function errorOf(...cases: readonly object[]): string {
  const read = parseCaseFile({ keys: KEYS, cases });
  return read.ok ? 'read' : read.error;
}

test('every case of the shared file is read', () => {
  const read = parseCaseFile(vectors('signer_cases'));
  expect(read.ok && read.value.cases.length).toBe(90);
});

test.each([
  ['of a case', { ...CASE, more: 1 }, 'cases[X1]: Unrecognized key: "more"'],
  ['of a configuration', { ...CASE, config: { fast: true } }, 'cases[X1].config: Unrecognized key'],
  [
    'of a floor',
    { ...CASE, config: { floor: { level: 1, round: 0, slot: 2 } } },
    'cases[X1].config.floor: Unrecognized key: "slot"',
  ],
  [
    'of a request',
    { ...CASE, steps: [{ ...STEP, request: { ...STEP.request, cookie: '' } }] },
    'cases[X1].steps.0.request: Unrecognized key: "cookie"',
  ],
  [
    'of a body that is repeated',
    {
      ...CASE,
      steps: [
        { ...STEP, request: { ...STEP.request, body_repeat: { char: 'a', count: 1, x: 1 } } },
      ],
    },
    'cases[X1].steps.0.request.body_repeat: Unrecognized key: "x"',
  ],
  [
    'of an expectation',
    { ...CASE, steps: [{ ...STEP, expect: { status: [200], json_lacks: 'a' } }] },
    'cases[X1].steps.0.expect: Unrecognized key: "json_lacks"',
  ],
  [
    'of what is asked at once',
    { ...CASE, steps: undefined, ...ASKED, parallel: { ...ASKED.parallel, delay: 1 } },
    'cases[X1].parallel: Unrecognized key: "delay"',
  ],
  [
    'of what is expected of all at once',
    { ...CASE, steps: undefined, ...ASKED, expect: { status: [200] } },
    'cases[X1].expect: Unrecognized key: "status"',
  ],
])('an unknown field %s is an error that names it', (_of, one, why) => {
  expect(errorOf(one)).toContain(why);
});

test('an unknown part of a file is an error', () => {
  const read = parseCaseFile({ keys: KEYS, cases: [CASE], suites: [] });
  expect(!read.ok && read.error).toContain('the file: Unrecognized key: "suites"');
});

describe('refused is', () => {
  test.each([
    ['an id that is there twice', [CASE, CASE], 'cases[X1]: the id is there twice'],
    [
      'a case with steps and requests at once',
      [{ ...CASE, ...ASKED }],
      'a case has either steps or parallel',
    ],
    ['a case that asks nothing', [{ ...CASE, steps: undefined }], 'either steps or parallel'],
    [
      'a message that there is not',
      [{ ...CASE, steps: [{ ...STEP, request: { ...STEP.request, message: 'm' } }] }],
      'cases[X1]: there is no message m',
    ],
    [
      'a request with two bodies',
      [{ ...CASE, steps: [{ ...STEP, request: { ...STEP.request, body: '', body_hex: '' } }] }],
      'a request has one body',
    ],
    [
      'a head without what may be ahead of it',
      [{ ...CASE, config: { head_level: 3 } }],
      'head_level and max_ahead come together',
    ],
    [
      'a status that cannot come',
      [{ ...CASE, steps: [{ ...STEP, expect: { status: ['timeout'] } }] }],
      'cases[X1].steps.0.expect.status.0',
    ],
  ])('%s', (_what, cases, why) => {
    expect(errorOf(...cases)).toContain(why);
  });
});
