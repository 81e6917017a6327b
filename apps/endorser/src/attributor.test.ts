import {
  MISS_REASONS,
  type Fault,
  type IncludedVote,
  type MissReason,
} from '@meridian/attribution';
import type { Injection, InjectionClass, Receipt } from '@meridian/node-pool';
import { duration, instant } from '@meridian/prelude';
import { openMetrics, type Log } from '@meridian/service';
import type { Ballot, LevelFacts, Proposal, Seat } from '@meridian/tenderbake';
import { level, round, slot, toBase58, type BlockHash } from '@meridian/tezos';
import type { LineEffect } from '@meridian/vote-line';
import { describe, expect, test } from 'vitest';
import { openAttributor } from './attributor.ts';
import { METRICS } from './metrics.ts';
import type { BallotOutcome } from './signers.ts';

const key = toBase58('tz1', new Uint8Array(20));
const blockHash = (name: number): BlockHash => toBase58('blockHash', new Uint8Array(32).fill(name));
const payloadHash = toBase58('payloadHash', new Uint8Array(32));
const SEAT: Seat = { delegate: key, consensusKey: key, slot: slot(3), power: 7 };
const FIRST = 100;
const ROUND_MS = 1_000;
const startOf = (of: number) => instant(1_000_000 + of * ROUND_MS);
const ballot: Ballot = {
  ...{ kind: 'attestation', delegate: key, consensusKey: key, slot: SEAT.slot },
  ...{ level: level(FIRST + 1), round: round(0), payloadHash, branch: blockHash(FIRST - 1) },
};

function proposal(of: number): LineEffect {
  const before = { hash: blockHash(of - 1), timestamp: startOf(of - 1), round: round(0), proto: 1 };
  const block: Proposal = {
    ...{ hash: blockHash(of), level: level(of), round: round(0), payloadHash, proto: 1 },
    ...{ timestamp: startOf(of), prequorumRound: null },
    predecessor: { ...before, predecessor: blockHash(of - 2) },
  };
  return { kind: 'proposal', proposal: block, node: 'node1' };
}

function facts(of: number): LineEffect {
  const durations = {
    minimalBlockDelay: duration(ROUND_MS),
    delayIncrementPerRound: duration(ROUND_MS),
  };
  const seats = new Map([[SEAT.slot, SEAT]]);
  const known: LevelFacts = { level: level(of), durations, threshold: 5, seats, own: [SEAT] };
  return { kind: 'facts', facts: known };
}

const nobody: BallotOutcome = {
  ...{ kind: 'unsigned', code: 'lease_exhausted', why: '', severity: 'info' },
};
const signed: BallotOutcome = { kind: 'signed', operation: 'ab' };

/** An attributor beside a line whose right at the second level is followed. */
function attributor(included: boolean) {
  const lines: (readonly [keyof Log, string, object])[] = [];
  const write =
    (severity: keyof Log) =>
    (event: string, fields: object = {}): void =>
      void lines.push([severity, event, fields]);
  const log: Log = {
    ...{ debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  };
  const metrics = openMetrics('endorser', METRICS);
  const due: { readonly ms: number; readonly act: () => void }[] = [];
  const reads: BlockHash[] = [];
  const of = openAttributor({
    ...{
      quorum: 2,
      startedAt: startOf(0),
      log,
      metrics,
      after: (ms, act) => void due.push({ ms, act }),
    },
    read: hash => {
      reads.push(hash);
      const vote: IncludedVote = {
        ...{ slot: slot(included ? 3 : 4), level: ballot.level, round: ballot.round, payloadHash },
        carrier: 'attestation',
      };
      return Promise.resolve([vote]);
    },
  });
  const step = (at: number, ...effects: readonly LineEffect[]): void =>
    of.step({ kind: 'tick', at: startOf(at) }, effects);
  return {
    ...{ of, step, lines, due, reads, metrics },
    begin: (): void => {
      for (const at of [0, 1, 2, 3, 4]) step(FIRST, facts(FIRST + at));
      step(FIRST, proposal(FIRST));
      step(FIRST + 1, proposal(FIRST + 1), { kind: 'sign', ballots: [ballot] });
    },
    /** The chain goes on, and what waits for quiet is done. */
    end: async (): Promise<void> => {
      for (const at of [2, 3, 4]) step(FIRST + at, proposal(FIRST + at));
      for (let turn = due.shift(); turn !== undefined; turn = due.shift()) turn.act();
      await new Promise(setImmediate);
    },
    told: () => lines.filter(([, event]) => event.startsWith('vote_')),
  };
}

/** The vote goes out, and every node says this of it. */
function injectionOf(said: InjectionClass): Injection {
  const receipt = (node: string): Receipt => {
    const rest = { node, tookMs: 5, tries: 1 };
    return said === 'known'
      ? { ok: true, class: said, hash: 'oo', ...rest }
      : { ok: false, class: said, message: 'why', ...rest };
  };
  const receipts = Promise.resolve(['node1', 'node2', 'node3'].map(receipt));
  return {
    ...{ receipts, answers: receipts, firstAccepted: Promise.resolve(undefined) },
    handedOver: Promise.resolve({ node: 'node1', at: startOf(FIRST + 1) }),
  };
}

async function missed(said: InjectionClass) {
  const each = attributor(false);
  each.begin();
  each.of.answered(ballot, signed);
  each.step(FIRST + 1, { kind: 'inject', ballot, operation: 'ab' });
  each.of.injection(ballot, injectionOf(said), startOf(FIRST + 1));
  await new Promise(setImmediate);
  await each.end();
  return each;
}

const LOUD: Readonly<Record<Fault, keyof Log>> = {
  ...{ ours: 'error', node: 'warn', proposer: 'info', chain: 'info' },
};

describe('a missed vote is told in one line', () => {
  test.each<readonly [InjectionClass, MissReason]>([
    ['known', 'left_out'],
    ['conflict', 'left_out'],
    ['late', 'published_late'],
    ['behind', 'node'],
    ['forbidden', 'forbidden'],
    ['wrong', 'injection_refused'],
    ['denied', 'injection_refused'],
    ['refused', 'injection_refused'],
    ['bad_answer', 'node'],
    ['unreachable', 'node'],
    ['timeout', 'node'],
    ['busy', 'node'],
    ['closed', 'stopped'],
  ])('when all nodes said %s: %s', async (said, reason) => {
    const { told, of, metrics } = await missed(said);
    const { fault } = MISS_REASONS[reason];
    const words = { level: FIRST + 1, delegate: key, slot: 3, round: 0, reason, fault };
    expect(told()).toMatchObject([[LOUD[fault], 'vote_missed', words]]);
    expect(of.ledger.rights(key, 9)).toMatchObject([{ outcome: 'missed', reason }]);
    expect(await metrics.text()).toContain(
      `meridian_endorser_rights_total{outcome="missed",reason="${reason}"} 1`,
    );
  });

  test('with the code for which no signer signed it', async () => {
    const each = attributor(false);
    each.begin();
    each.of.answered(ballot, nobody);
    await each.end();
    const words = { reason: 'lease_exhausted', code: 'lease_exhausted', fault: 'ours' };
    expect(each.told()).toMatchObject([['error', 'vote_missed', words]]);
  });
});

test('an attested right is counted, and no louder than debug', async () => {
  const each = attributor(true);
  each.begin();
  each.of.answered(ballot, signed);
  each.step(FIRST + 1, { kind: 'inject', ballot, operation: 'ab' });
  await each.end();
  expect(each.told()).toMatchObject([['debug', 'vote_included', { by: 'own' }]]);
  expect(await each.metrics.text()).toContain(
    'meridian_endorser_rights_total{outcome="attested",reason="own"} 1',
  );
});

test('nothing is looked at while votes are under way, and one turn is short', () => {
  const { begin, step, due, reads } = attributor(true);
  begin();
  for (const at of [2, 3, 4]) step(FIRST + at, proposal(FIRST + at));
  expect(reads).toEqual([]);
  expect(due.map(({ ms }) => Math.round(ms))).toEqual([667]);
  for (let more = 0; more < 32; more += 1) step(FIRST + 4, facts(FIRST + 5));
  due.shift()?.act();
  expect(due.map(({ ms }) => ms)).toEqual([0]);
});
