import { expect, test } from 'vitest';
import { problemsWith, problemsWithAll } from './expectations.ts';
import type { Expectation } from './case-file.ts';
import type { Reply } from './exchange.ts';

function reply(status: Reply['status'], body: unknown = '', ms = 1): Reply {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: {}, body: text, ms, closes: () => Promise.resolve(false) };
}

const TRACE = [{ kind: 'temporary', id: 'failure', msg: 'no' }];
const LIMITED = { status: [503], max_ms: 2_000 } satisfies Expectation;

test.each<[what: string, expected: Expectation, good: Reply, bad: Reply, why: string]>([
  ['status', { status: [400, 403] }, reply(403), reply(200), 'status 200, not 400 or 403'],
  [
    'reset',
    { status: ['connection reset'] },
    reply('connection reset'),
    reply('no answer'),
    'status no answer',
  ],
  ['json', { status: [200], json: {} }, reply(200, {}), reply(200, { a: 1 }), 'the body is not {}'],
  [
    'json_has',
    { status: [200], json_has: 'a' },
    reply(200, { a: null }),
    reply(200, {}),
    'the body has no a',
  ],
  [
    'json_if_200',
    { status: [200, 400], json_if_200: { a: 1 } },
    reply(400, {}),
    reply(200, {}),
    'a body with 200 is not',
  ],
  ['trace', { status: [400], trace: true }, reply(400, TRACE), reply(400, 'no'), 'no trace'],
  [
    'trace_id',
    { status: [409], trace_id: 'failure' },
    reply(409, TRACE),
    reply(409, [{ ...TRACE[0], id: 'other' }]),
    'no error of the trace has the id failure',
  ],
  [
    'forbid_field',
    { status: [409], forbid_field: 'signature' },
    reply(409, [{ released: { signature: 's' } }]),
    reply(409, [{ signature: 's' }]),
    'the body has a signature',
  ],
  [
    'verify',
    { status: [200], verify: 'it verifies' },
    reply(200, { signature: 's' }),
    reply(200, {}),
    'no signature that could verify',
  ],
  ['max_ms', LIMITED, reply(503, '', 1_999), reply(503, '', 2_001), 'it took 2001 ms, not 2000'],
])('%s is held', (_what, expected, good, bad, why) => {
  expect(problemsWith(expected, good)).toEqual([]);
  expect(problemsWith(expected, bad).join()).toContain(why);
});

test('statuses of many answers are all that may come and have to', () => {
  const [good, bad] = [reply(200), reply(503)];
  expect(problemsWithAll({ statuses: [200] }, [good, good])).toEqual([]);
  expect(problemsWithAll({ statuses: [200] }, [good, bad]).join()).toContain('status 503');
  expect(problemsWithAll({ statuses: [200, 409] }, [good]).join()).toContain('409 never came');
  expect(problemsWithAll({ statuses_subset: [200, 409] }, [good])).toEqual([]);
  expect(problemsWithAll({ statuses_subset: [200, 409] }, [bad]).join()).toContain('status 503');
});
