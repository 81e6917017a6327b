import { describe, expect, test } from 'vitest';
import { vectors } from '../../vectors/load.ts';
import { parseCaseFile, type Case, type CaseFile } from './case-file.ts';
import { startFake, type Lie } from './fake-signer.ts';
import { INVARIANTS } from './invariants.ts';
import { runCase } from './run-case.ts';

/* Each oracle is shown to be red for the lie that it is for, and green without. */

const read = parseCaseFile(vectors('signer_cases'));
if (!read.ok) throw new Error(read.error);
const file: CaseFile = read.value;
const { public_key_hash: pkh = '' } = file.keys['baker_tz1'] ?? {};

const post = (message: string, body?: string) => ({
  ...{ method: 'POST', path: `/keys/${pkh}`, message },
  headers: { 'content-type': 'application/json' },
  ...(body === undefined ? {} : { body }),
});
const get = (path: string, method = 'GET') => ({ method, path, headers: {} });
const step = (request: ReturnType<typeof post> | ReturnType<typeof get>, ...status: number[]) => ({
  request,
  expect: { status },
});

const ANY = [200, 400, 404, 405, 409, 413];
const SETUP = {
  require_authentication: false,
  allow_list_known_keys: false,
  allow_to_prove_possession: false,
};

function caseOf(invariant: string, ...steps: NonNullable<Case['steps']>): Case {
  return { id: 'X', group: '', name: '', config: SETUP, steps, invariant };
}

const LONG = { ...post('att_l100_r0'), body: `"${'00'.repeat(70_000)}"` };
const AT_ONCE: Case = {
  ...caseOf('released (level,round) in commit order is strictly increasing'),
  ...{ steps: undefined, expect: { statuses_subset: ANY } },
  parallel: { repeat: 5, requests: [post('att_l100_r0'), post('att_l101_r0')] },
};

const ORACLES: readonly (readonly [why: string, theCase: Case, lie: Lie])[] = [
  [
    'two payloads were signed',
    caseOf('', step(post('att_l100_r0'), ...ANY), step(post('att_l100_r0_other'), ...ANY)),
    'signs_two_payloads',
  ],
  ['does not verify', caseOf('', step(post('att_l100_r0'), 200)), 'signs_other_bytes'],
  ['the vault was asked', caseOf('no vault call', step(post('x_8_bytes'), 400)), 'asks_vault'],
  [
    'the watermark changed',
    caseOf('no watermark change', step(post('x_8_bytes'), 400)),
    'moves_marks',
  ],
  [
    'a request that was refused moved a mark',
    caseOf('', step(post('x_8_bytes'), 400)),
    'moves_marks',
  ],
  [
    'an answer shows what it should not',
    caseOf('hashes, never full keys', step(get('/authorized_keys'), 200)),
    'shows_full_keys',
  ],
  [
    'an answer shows what it should not',
    caseOf('400, no stack trace in body', step(post('x_8_bytes'), 400)),
    'shows_stack',
  ],
  [
    'an answer names',
    caseOf('no hint about other keys', {
      ...step({ ...post('att_l100_r0'), path: '/keys/tz1LUiEr5KcZkPdchghdsTXMbbN6VsVwUn1d' }),
      expect: { status: [404, 200] },
    }),
    'shows_other_keys',
  ],
  ['a secret key is shown in the log', caseOf('', step(post('x_8_bytes'), 400)), 'shows_secret'],
  [
    'an answer is not application/json',
    caseOf('response content-type application/json', step(post('att_l100_r0'), 200)),
    'says_text',
  ],
  [
    'the Allow header is ""',
    caseOf('Allow header lists GET, POST', step(get('/keys/a', 'PUT'), 405)),
    'allows_nothing',
  ],
  [
    'the connection stays open',
    caseOf('limit 64 KiB; connection closed', step(LONG, 413)),
    'keeps_connections',
  ],
  [
    'in chunks it gets 400',
    caseOf('limit 64 KiB; connection closed', step(LONG, 413)),
    'limits_by_length_alone',
  ],
  [
    'known_keys is no list of addresses',
    caseOf('array of pkh', step(get('/known_keys'), 200)),
    'lists_no_addresses',
  ],
  [
    'the port for signatures answers /healthz with 200',
    caseOf('on a separate port', step(get('/healthz'), 200)),
    'tells_health_everywhere',
  ],
  [
    'nothing was signed at all',
    caseOf('one digest over the union of all replies', step(post('att_l100_r0'), ...ANY)),
    'signs_nothing',
  ],
  [
    'there are several signatures',
    caseOf(
      'all succeed with equal bytes',
      step(post('att_l100_r0'), 200),
      step(post('att_l100_r0'), 200),
    ),
    'signs_other_bytes',
  ],
  ['and its mark is elsewhere', AT_ONCE, 'forgets_marks'],
];

async function problems(theCase: Case, lie?: Lie): Promise<string> {
  const stage = await startFake(file, lie);
  try {
    return (await runCase({ file, theCase, stage })).problems.join('; ');
  } finally {
    await stage.close();
  }
}

describe('an oracle', () => {
  test.each(ORACLES)('says "%s" of who does it, and of nobody else', async (why, theCase, lie) => {
    expect(await problems(theCase)).toBe('');
    expect(await problems(theCase, lie)).toContain(why);
  });
});

test('every invariant that is checked is one of the shared file', () => {
  const texts = file.cases.map(({ invariant }) => invariant);
  for (const { says } of INVARIANTS) expect(texts.some(text => says.test(text))).toBe(true);
});
