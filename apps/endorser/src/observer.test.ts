import type { Injection, InjectionClass, Receipt } from '@meridian/node-pool';
import { instant } from '@meridian/prelude';
import type { Log, Metrics } from '@meridian/service';
import type { Ballot } from '@meridian/tenderbake';
import { level, round, slot, toBase58 } from '@meridian/tezos';
import { describe, expect, test } from 'vitest';
import type { METRICS } from './metrics.ts';
import { observer } from './observer.ts';
import { newTimings } from './timings.ts';

const key = toBase58('tz1', new Uint8Array(20));
const ballot: Ballot = {
  ...{ kind: 'attestation', delegate: key, consensusKey: key },
  ...{ slot: slot(3), level: level(100), round: round(0) },
  payloadHash: toBase58('payloadHash', new Uint8Array(32)),
  branch: toBase58('blockHash', new Uint8Array(32)),
};

function receiptOf(said: InjectionClass, at: number, tries = 1): Receipt {
  const rest = { node: `node${at + 1}`, tookMs: 1, tries };
  return said === 'known'
    ? { ok: true, class: said, hash: 'oo', ...rest }
    : { ok: false, class: said, message: 'why', ...rest };
}

type Line = readonly [keyof Log, string, object];

/** What is logged and counted of a vote of which nodes said this first, and this last. */
async function observed(
  first: readonly InjectionClass[],
  last: readonly InjectionClass[] = first,
  isHandedOver = true,
): Promise<{ readonly lines: readonly Line[]; readonly counted: readonly string[] }> {
  const lines: Line[] = [];
  const counted: string[] = [];
  const write =
    (severity: keyof Log) =>
    (event: string, fields: object = {}): void => {
      lines.push([severity, event, fields]);
    };
  const log: Log = {
    ...{ debug: write('debug'), info: write('info') },
    ...{ warn: write('warn'), error: write('error') },
  };
  const metrics = { record: (name: string) => counted.push(name) } as unknown as Metrics<
    keyof typeof METRICS
  >;
  const handedOver = isHandedOver ? { node: 'node1', at: instant(1) } : undefined;
  const receipts = last.map((said, at) => receiptOf(said, at, said === first[at] ? 1 : 3));
  const injection: Injection = {
    handedOver: Promise.resolve(handedOver),
    firstAccepted: Promise.resolve(undefined),
    answers: Promise.resolve(first.map((said, at) => receiptOf(said, at))),
    receipts: Promise.resolve(receipts),
  };
  observer(log, metrics, newTimings()).injection(ballot, injection);
  await new Promise(setImmediate);
  return { lines, counted };
}

const vote = { kind: 'attestation', level: 100, round: 0, slot: 3 };

describe('a vote', () => {
  test('that a node took is no matter, whatever the others say', async () => {
    const { lines, counted } = await observed(['wrong', 'known', 'unreachable', 'late']);
    expect(lines).toMatchObject([['info', 'vote', { ...vote, accepted: 1, of: 4 }]]);
    expect(counted).toEqual(['votes_total']);
  });

  test('that a node took when it was asked again was not refused', async () => {
    const { lines } = await observed(['behind', 'unreachable'], ['known', 'unreachable']);
    expect(lines).toMatchObject([
      ['info', 'vote', { accepted: 0, of: 2 }],
      ['debug', 'vote_repeated', { ...vote, nodes: [{ node: 'node1', tries: 3, class: 'known' }] }],
    ]);
  });

  test.each<readonly [keyof Log, readonly InjectionClass[]]>([
    ['error', ['wrong', 'wrong']],
    ['error', ['behind', 'unreachable', 'timeout', 'busy']],
    ['error', ['forbidden']],
    ['error', ['refused', 'denied', 'bad_answer']],
    ['info', ['conflict', 'conflict']],
    ['info', ['unreachable', 'conflict', 'wrong', 'late']],
    ['warn', ['wrong', 'late', 'unreachable']],
    ['info', ['closed', 'closed']],
    ['info', ['timeout', 'closed', 'late']],
  ])('that no node took is told as %s: %j', async (severity, classes) => {
    const { lines } = await observed(classes);
    const refusals = classes.map((said, at) => `node${at + 1}: ${said}: why`);
    expect(lines.map(([loud, event]) => [loud, event])).toEqual([
      ['info', 'vote'],
      [severity, 'vote_refused'],
    ]);
    expect(lines[1]?.[2]).toEqual({ ...vote, refusals });
  });

  test('that no node was handed is not counted', async () => {
    expect((await observed(['unreachable'], ['unreachable'], false)).counted).toEqual([]);
  });
});

test('an attestation is timed from when the last vote of its prequorum came, with the check of it', async () => {
  const recorded: (readonly [string, number])[] = [];
  const metrics = {
    record: (name: string, value: number) => recorded.push([name, value]),
  } as unknown as Metrics<keyof typeof METRICS>;
  const silent = (): void => undefined;
  const log: Log = { debug: silent, info: silent, warn: silent, error: silent };
  const { step, injection } = observer(log, metrics, newTimings());
  const { kind: _, slot: __, delegate: ___, consensusKey: ____, ...candidate } = ballot;
  step({ kind: 'verified', at: instant(1_030), batch: 1, findings: [] }, [
    { kind: 'prequorum', candidate, since: instant(1_000) },
    { kind: 'sign', ballots: [ballot] },
  ]);
  injection(ballot, {
    handedOver: Promise.resolve({ node: 'node1', at: instant(1_040) }),
    firstAccepted: Promise.resolve(undefined),
    answers: Promise.resolve([]),
    receipts: Promise.resolve([receiptOf('known', 0)]),
  });
  await new Promise(setImmediate);
  expect(recorded).toContainEqual(['prequorum_to_attestation_seconds', 0.04]);
});

test.each([
  ['from the first word of a node', 900, 0.2],
  ['from the time of its block, where that is later', 1_050, 0.15],
])('the first vote is timed %s, and no other one', async (_, timestamp, seconds) => {
  const recorded: number[] = [];
  const metrics = {
    record: (name: string, value: number) =>
      name === 'start_to_first_vote_seconds' && recorded.push(value),
  } as unknown as Metrics<keyof typeof METRICS>;
  const told: object[] = [];
  const silent = (): void => undefined;
  const info = (event: string, fields = {}): void => {
    if (event === 'first_vote') told.push(fields);
  };
  const log: Log = { debug: silent, info, warn: silent, error: silent };
  const { node, step, injection } = observer(log, metrics, newTimings());
  const open = { kind: 'stream-open', node: 'node1', stream: 'heads' } as const;
  node({ ...open, kind: 'fault', at: instant(1), code: 'silent', message: '' } as never);
  node({ ...open, at: instant(1_000) });
  node({ ...open, at: instant(1_100) });
  const proposal = { ...ballot, hash: ballot.branch, timestamp: instant(timestamp) };
  step({ kind: 'tick', at: instant(1_110) }, [
    { kind: 'proposal', node: 'node1', proposal: proposal as never },
  ]);
  for (const at of [1_200, 1_300]) {
    injection(ballot, {
      handedOver: Promise.resolve({ node: 'node1', at: instant(at) }),
      firstAccepted: Promise.resolve(undefined),
      answers: Promise.resolve([]),
      receipts: Promise.resolve([receiptOf('known', 0)]),
    });
    await new Promise(setImmediate);
  }
  expect(recorded).toEqual([seconds]);
  expect(told).toEqual([{ ...vote, sinceStartMs: seconds * 1_000 }]);
});
