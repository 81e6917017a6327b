import { FAULTS, MISS_REASONS } from '@meridian/attribution';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { lastJson, run } from '../cli.fixtures.ts';

const DELEGATE = 'tz1Ke2h7sDdakHJQh8WX4Z372du1KChsksyU';
const RIGHT = { delegate: DELEGATE, slot: 3 };
const RIGHTS = [
  { ...RIGHT, level: 100, outcome: 'attested', round: 0, by: 'own' },
  {
    ...{ ...RIGHT, level: 101, outcome: 'missed', round: 1, reason: 'left_out', code: null },
    ...{ takenBy: 5, spareMs: 900, ...MISS_REASONS.left_out },
  },
  {
    ...{ ...RIGHT, level: 102, outcome: 'missed', round: 0, reason: 'store', takenBy: 0 },
    ...{ code: 'store_unavailable', spareMs: null, ...MISS_REASONS.store },
  },
  { ...RIGHT, level: 103, outcome: 'undecided', why: 'pass_unread' },
];
const BUDGET = { unit: 'slots', allowed: 137, missed: 7, remaining: 130 };
const ANSWER = { delegate: DELEGATE, rights: RIGHTS, budget: BUDGET, budgetUnknown: null };

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** An endorser that answers this, and what it was asked. */
async function endorser(body: unknown, status = 200) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  open.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port.toString()}` };
}

describe('meridian votes', () => {
  test('has a line for each right, then how many were missed by whom, and may be', async () => {
    const { url, asked } = await endorser(ANSWER);
    const { status, output } = await run(['votes', DELEGATE, '--endorser', url, '--levels', '4']);
    expect(status).toBe(0);
    expect(asked).toEqual([`/votes?delegate=${DELEGATE}&levels=4`]);
    expect(output).toEqual([
      'level      100  round 0  attested  own',
      `level      101  round 1  MISSED    proposer: left_out: ${MISS_REASONS.left_out.text}`,
      `level      102  round 0  MISSED    ours: store: ${MISS_REASONS.store.text} (store_unavailable)`,
      expect.stringMatching(/^level {6}103 {11}undecided pass_unread: no node gave/),
      '4 rights: 1 attested, 2 missed (proposer 1, ours 1), 1 undecided',
      '130 more slots may be missed in this cycle: 137 are allowed, 7 were missed',
    ]);
  });

  test('is one object with --json', async () => {
    const { url } = await endorser({ ...ANSWER, budget: null, budgetUnknown: 'node1: away' });
    const json = lastJson(await run(['votes', DELEGATE, '--endorser', url, '--json']));
    expect(json).toEqual({
      ...{ delegate: DELEGATE, endorser: url, attested: 1, missed: 2, undecided: 1 },
      missedReasons: { left_out: 1, store: 1 },
      missedFaults: { proposer: 1, ours: 1 },
      ...{ budget: null, budgetUnknown: 'node1: away', rights: RIGHTS },
    });
  });

  test('says why the rest of the budget is unknown', async () => {
    const { url } = await endorser({ ...ANSWER, budget: null, budgetUnknown: 'node1: away' });
    const { output } = await run(['votes', DELEGATE, '--endorser', url]);
    expect(output.at(-1)).toMatch(/is unknown: node1: away$/);
  });

  test('says in its help what every reason and fault is', async () => {
    const { output } = await run(['votes', '--help']);
    for (const [reason, { text }] of Object.entries(MISS_REASONS)) {
      expect(output.join('\n')).toMatch(new RegExp(`${reason} .*${text}`));
    }
    for (const text of Object.values(FAULTS)) expect(output.join('\n')).toContain(text);
  });

  test.each([
    [['votes'], /missing required argument/],
    [['votes', 'tz1'], /DELEGATE: tz1 is no address/],
    [['votes', DELEGATE, '--levels', 'many'], /--levels: many/],
    [['votes', DELEGATE, '--levels', '-1'], /--levels/],
    [['votes', DELEGATE, '--endorser', 'ftp://a'], /--endorser: ftp/],
    [['votes', DELEGATE, '--endorser', 'nonsense'], /--endorser: nonsense/],
  ])('is misused by %j', async (args, words) => {
    const { status, notes } = await run(args);
    expect([status, notes.join('\n')]).toEqual([2, expect.stringMatching(words)]);
  });

  test.each<readonly [string, unknown, number, string, RegExp]>([
    ['a refusal', { message: 'levels is a whole number' }, 400, 'bad_input', /levels is a whole/],
    ['another service', '<html>', 404, 'unreachable', /status 404/],
    ['rubbish', 'rubbish', 200, 'unreachable', /does not tell of votes/],
    ['another answer', { rights: 3 }, 200, 'bad_input', /rights is not a list/],
    ['a right of nothing', { ...ANSWER, rights: [{}] }, 200, 'bad_input', /rights\[0\]\.outcome/],
    ['no budget', { ...ANSWER, budget: {} }, 200, 'bad_input', /budget\./],
  ])('tells of an endorser that answers with %s', async (_, body, answered, code, words) => {
    const { url } = await endorser(body, answered);
    const ran = await run(['votes', DELEGATE, '--endorser', url, '--json']);
    expect(ran.status).toBe(1);
    expect(lastJson(ran)['error']).toMatchObject({
      code,
      message: expect.stringMatching(words) as string,
    });
  });

  test('tells of an endorser that is away', async () => {
    const { url } = await endorser(ANSWER);
    open.splice(0).forEach(server => server.close());
    const ran = await run(['votes', DELEGATE, '--endorser', url, '--json']);
    expect(ran.status).toBe(1);
    expect(lastJson(ran)['error']).toMatchObject({ code: 'unreachable' });
  });
});
