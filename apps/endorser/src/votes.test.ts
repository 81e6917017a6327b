import type { Right } from '@meridian/attribution';
import { NodeError } from '@meridian/node-pool';
import { err, ok } from '@meridian/prelude';
import type { LevelFacts } from '@meridian/tenderbake';
import { level, round, slot, toBase58 } from '@meridian/tezos';
import { describe, expect, test } from 'vitest';
import { openBudgets } from './budget.ts';
import { newLedger } from './ledger.ts';
import { votesAnswer } from './votes.ts';

const [ours, other] = [1, 2].map(at => toBase58('tz1', new Uint8Array(20).fill(at)));
if (ours === undefined || other === undefined) throw new Error('there are two');
const hash = toBase58('blockHash', new Uint8Array(32));
const BUDGET = { unit: 'slots', allowed: 137, missed: 7, remaining: 130 } as const;

function right(at: number): Right {
  const place = { level: level(at), delegate: ours!, slot: slot(3), round: round(0) };
  return at % 2 === 0
    ? { ...place, outcome: 'attested', by: 'own' }
    : {
        ...{ ...place, outcome: 'missed', reason: 'left_out', code: null },
        ...{ takenBy: 5, spareMs: 900 },
      };
}

function asked(query: string, budget: 'known' | 'unknown' = 'known') {
  const ledger = newLedger();
  for (let at = 1; at <= 30; at += 1) ledger.note(right(at));
  const read = budget === 'known' ? ok(BUDGET) : err('node1: away');
  return votesAnswer(ledger, () => Promise.resolve(read), new URLSearchParams(query));
}

describe('/votes', () => {
  test('has the last levels of a delegate with fault and text, and its budget', async () => {
    const { status, body } = await asked(`delegate=${ours}&levels=2`);
    expect([status, body]).toEqual([
      200,
      {
        ...{ delegate: ours, budget: BUDGET, budgetUnknown: null },
        rights: [
          { ...right(29), fault: 'proposer', text: expect.stringContaining('quorum') as string },
          right(30),
        ],
      },
    ]);
    const { body: more } = await asked(`delegate=${ours}`, 'unknown');
    expect(more).toMatchObject({ budget: null, budgetUnknown: 'node1: away' });
    expect((more as { rights: unknown[] }).rights).toHaveLength(20);
  });

  test.each([
    ['', 'delegate'],
    ['levels=3', 'delegate'],
    ['delegate=tz1', 'delegate'],
    [`delegate=${ours}&delegate=${ours}`, 'delegate'],
    [`delegate=${ours}&levels=0`, 'levels'],
    [`delegate=${ours}&levels=1001`, 'levels'],
    [`delegate=${ours}&levels=1e2`, 'levels'],
    [`delegate=${ours}&levels=`, 'levels'],
    [`delegate=${ours}&levels=2&levels=3`, 'levels'],
    [`delegate=${ours}&cycle=3`, 'cycle'],
  ])('refuses %s and names %s', async (query, field) => {
    const { status, body } = await asked(query);
    const message = expect.stringContaining(field) as string;
    expect([status, body]).toEqual([400, { code: 'malformed_argument', field, message }]);
  });

  test('of a delegate without rights here names those that have some', async () => {
    const { status, body } = await asked(`delegate=${other}`);
    const message = expect.stringContaining(ours) as string;
    expect([status, body]).toEqual([404, { code: 'unknown_delegate', field: 'delegate', message }]);
  });
});

test('the ledger keeps the last thousand levels of a delegate', () => {
  const ledger = newLedger();
  for (let at = 1; at <= 1_200; at += 1) ledger.note(right(at));
  const kept = ledger.rights(ours, 5_000);
  expect([kept?.length, kept?.[0]?.level, kept?.at(-1)?.level]).toEqual([1_000, 201, 1_200]);
});

describe('a budget', () => {
  const PARTICIPATION = {
    ...{ expected_cycle_activity: 409, minimal_cycle_activity: 272, missed_slots: 7 },
    missed_levels: 3,
  };
  const CONSTANTS = {
    ...{ blocks_per_cycle: 30, minimal_participation_ratio: { numerator: 2, denominator: 3 } },
  };
  /** Budgets read from nodes that each miss so many slots; null: the node is away. */
  function budgets(power: number, ...missedSlots: readonly (number | null)[]) {
    const ledger = newLedger();
    const seats = new Map([
      [slot(1), { delegate: ours!, consensusKey: ours!, slot: slot(1), power }],
    ]);
    ledger.facts({ seats, own: [...seats.values()] } as unknown as LevelFacts);
    const paths: string[] = [];
    const watch = {
      nodes: () => missedSlots.map((_, at) => ({ name: at.toString(), url: '' })),
      read: (name: string, path: string) => {
        paths.push(path);
        const missed = missedSlots[Number(name)];
        if (missed === null) return Promise.reject(new NodeError('unreachable', 'away'));
        const answer = path.endsWith('/constants')
          ? CONSTANTS
          : { ...PARTICIPATION, missed_slots: missed };
        return Promise.resolve(answer);
      },
    };
    const read = openBudgets(watch, ledger, 2, () => ({ committeeSize: 7_000 }));
    return { ledger, paths, read: () => read(ours!) };
  }

  test('is what a quorum of nodes says, asked once a block that is final', async () => {
    const { ledger, paths, read } = budgets(7_000, 7, 9, null, 7);
    expect(await read()).toEqual(err('no level is decided yet'));
    ledger.settled(hash);
    expect(await read()).toEqual(ok(BUDGET));
    await read();
    expect(paths).toHaveLength(8);
    expect(paths[0]).toBe(`/chains/main/blocks/${hash}/context/delegates/${ours}/participation`);
  });

  test('counts levels where all bakers attest, which is where power is no number of slots', async () => {
    const { ledger, read } = budgets(999_999, 7, 7);
    ledger.settled(hash);
    expect(await read()).toEqual(ok({ unit: 'levels', allowed: 10, missed: 3, remaining: 7 }));
  });

  test('on which no quorum agrees is unknown, with what each node said', async () => {
    const { ledger, read } = budgets(7_000, 1, 2, null);
    ledger.settled(hash);
    const read_ = await read();
    expect(read_).toMatchObject({ ok: false, error: expect.stringContaining('2: away') as string });
  });
});
