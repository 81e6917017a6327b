import { expect, test } from 'vitest';
import { newRecord, summaryOf, takeLog } from './record.ts';

const NONE = { levels: 0, doubleSigns: 0, baked: 0 };

function summaryOfLines(...lines: readonly object[]) {
  const record = newRecord();
  for (const line of lines) takeLog(record, JSON.stringify({ app: 'endorser', ...line }));
  return summaryOf(record, NONE, 1);
}

test('what an endorser says at warn or above is an alarm, by event and reason; what others say is none', () => {
  const late = { severity: 'warn', event: 'abstained', reason: 'no_rights' };
  const unsigned = { event: 'not_signed', code: 'below_mark' };
  const { alarms } = summaryOfLines(
    ...[late, late, { severity: 'error', event: 'vote_refused' }],
    ...[
      { severity: 'error', ...unsigned },
      { severity: 'info', ...unsigned },
    ],
    { severity: 'error', event: 'patrol', app: 'signer' },
  );
  expect(alarms).toEqual({
    'abstained no_rights': 2,
    vote_refused: 1,
    'not_signed below_mark': 1,
  });
});

test('votes of other endorsers and first votes are counted', () => {
  const first = { severity: 'info', event: 'first_vote' };
  const shared = { severity: 'info', event: 'vote_shared', kind: 'attestation' };
  const summary = summaryOfLines(
    ...[shared, shared],
    { ...first, sinceStartMs: 40 },
    { ...first, sinceStartMs: 900 },
  );
  expect(summary).toMatchObject({ shared: 2, startToFirstVoteMs: { p50: 900, p99: 900 } });
});
