import { p256 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { describeWithPostgres } from '@meridian/faults/postgres';
import { fromBase58, toBase58, type SecretKey } from '@meridian/tezos';
import { sign } from '@meridian/tezos/crypto';
import { readSignBytes } from '@meridian/tezos/forge';
import { blake2b256 } from '@meridian/tezos/hash';
import { subjectOf } from '../conformance/subject.ts';
import { Judge } from './judge.ts';
import { CURVES, KEYS, type Curve } from './keys.ts';
import { bytesAt, CHAIN, KINDS, PAYLOADS, type Place } from './places.ts';
import { planOf } from './plan.ts';
import { storm, type Wanted } from './storm.ts';
import { commandOf, readWords } from './words.ts';
import { possible, WEATHER } from './weather.ts';

const PATIENCE_MS = 600_000;
const ALL = Object.values(KEYS);
const SIZE = { seed: 7, clients: 100, signers: 3 };
const LEVELS = Array.from({ length: 1_000 }, (_, at) => at + 1);
const place = (kind: Place['kind'], curve: Curve = 'tz1', round = 0): Place => ({
  ...{ kind, level: 1_234_567, round },
  isBls: curve === 'tz4',
});

function judged(curve: Curve, ...all: readonly (readonly [Buffer, string?])[]): Judge {
  const judge = new Judge();
  const { public_key_hash: pkh, secret_key: secret } = KEYS[curve];
  for (const [bytes, signature = sign(secret as SecretKey, bytes)] of all)
    judge.add({ pkh, bytes, signature });
  return judge;
}

describe('the judge', () => {
  const vote = place('attestation');

  test('takes the same bytes as often as they come, and other bytes elsewhere', () => {
    const first = bytesAt(vote, 0);
    const elsewhere = [bytesAt({ ...vote, round: 1 }, 1), bytesAt(place('preattestation'), 2)];
    const judge = judged('tz1', [first], [first], ...elsewhere.map(bytes => [bytes] as const));
    expect(judge.problems(ALL)).toEqual([]);
    expect(judge).toMatchObject({ signatures: 3, places: 3, conflicts: [] });
  });

  test.each(KINDS.flatMap(kind => [1, 2, 3, 4].map(payload => [kind, payload] as const)))(
    'goes red for a %s that is signed twice, the second time with payload %i',
    (kind, payload) => {
      const [one, other] = [bytesAt(place(kind), 0), bytesAt(place(kind), payload)];
      const judge = judged('tz1', [one], [other]);
      expect(judge.problems(ALL).join()).toContain(`two payloads were signed: ${kind}`);
      expect(judge.conflicts).toMatchObject([
        { one: one.toString('hex'), other: other.toString('hex') },
      ]);
    },
  );

  test('goes red for a signature that is none', () => {
    const other = sign(KEYS.tz1.secret_key as SecretKey, bytesAt(vote, 1));
    expect(
      judged('tz1', [bytesAt(vote, 0), other])
        .problems(ALL)
        .join(),
    ).toContain('does not verify');
  });

  test('goes red for a block with two good signatures', () => {
    const secret = fromBase58('p2sk', KEYS.tz3.secret_key);
    const bytes = bytesAt(place('block', 'tz3'), 0);
    const draws = [1, 2].map(() =>
      p256.sign(blake2b256(bytes), secret, { prehash: false, extraEntropy: true }),
    );
    const judge = judged('tz3', ...draws.map(raw => [bytes, toBase58('p2sig', raw)] as const));
    expect(judge.problems(ALL).join()).toContain('a block has two signatures');
  });
});

describe('what is asked', () => {
  test.each(
    Object.keys(CURVES).flatMap(curve => KINDS.map(kind => [curve as Curve, kind] as const)),
  )('under %s for a %s is lawful, conflicts, and is about its place', (curve, kind) => {
    for (const round of [0, 1]) {
      const where = place(kind, curve, round);
      const payloads = Array.from({ length: PAYLOADS }, (_, payload) => bytesAt(where, payload));
      expect(new Set(payloads.map(bytes => bytes.toString('hex'))).size).toBe(PAYLOADS);
      const about = { kind, level: where.level, round, chainId: CHAIN };
      for (const bytes of payloads) {
        expect(subjectOf(bytes)).toEqual(about);
        expect(readSignBytes(bytes)).toMatchObject(about);
      }
    }
  });
});

describe('the plan', () => {
  const names = possible(true);
  const plans = (seed: number) => LEVELS.map(level => planOf({ ...SIZE, seed }, level, names));

  test('follows from the seed and the level alone', () => {
    expect(plans(7)).toEqual(plans(7));
    expect(plans(7)).not.toEqual(plans(8));
    const [first, second] = plans(7);
    expect(first).not.toEqual(second);
  });

  test('has all weather there is in a thousand levels, for each signer', () => {
    const strikes = plans(1).flatMap(plan => plan.strikes);
    expect(new Set(strikes.map(({ name }) => name))).toEqual(new Set(Object.keys(WEATHER)));
    expect(new Set(strikes.map(({ signer }) => signer))).toEqual(new Set([0, 1, 2]));
  });

  test('has no weather of a database where there is none', () => {
    expect(possible(false)).toEqual(['kill', 'pause', 'hangUp']);
  });

  test('has clients that want different things of one place at each level', () => {
    for (const { wishes } of plans(1)) {
      const payloads = new Map<string, Set<number>>();
      for (const { curve, kind, round, payload } of wishes) {
        const where = `${curve} ${kind} ${round}`;
        payloads.set(where, (payloads.get(where) ?? new Set()).add(payload));
      }
      expect(Math.max(...[...payloads.values()].map(({ size }) => size))).toBeGreaterThan(2);
    }
  });
});

describe('the words', () => {
  test('of a command line are a storm, and those that play it again give the same one', () => {
    const read = readWords(['--store', 'sqlite', '--levels', '5', '--seed', '9', '--clients', '3']);
    if (!read.ok || read.value === 'help') throw new Error('it is a storm');
    const { wanted } = read.value;
    expect(wanted).toEqual({ store: 'sqlite', levels: 5, clients: 3, signers: 2, seed: 9 });
    const again = readWords(commandOf(wanted).split(' -- ')[1]?.split(' ') ?? []);
    expect(again).toEqual({ ok: true, value: { wanted, json: false } });
  });

  test.each([
    [['--levels', '0'], '--levels'],
    [['--clients', '1e9'], '--clients'],
    [['--store', 'tape'], '--store'],
    [['--seed', '-1'], '--seed'],
    [['--wind'], '--wind'],
  ])('%j are refused by name', (args, option) => {
    const read = readWords(args);
    expect(read.ok ? '' : read.error).toContain(option);
  });
});

/** What has to come of a storm, whatever the machine is busy with. */
async function survives(wanted: Wanted): Promise<void> {
  const report = await storm(wanted);
  expect(report.violations, commandOf(wanted)).toEqual([]);
  expect(report.requests).toBeGreaterThanOrEqual(wanted.levels * wanted.clients);
  expect(report.killed).toBeGreaterThan(0);
  expect(report.returned).toBe(report.killed);
}

test(
  'over one folder, 200 levels have one payload for each place',
  () => survives({ store: 'sqlite', levels: 200, clients: 100, signers: 2, seed: 1 }),
  PATIENCE_MS,
);

describeWithPostgres('over PostgreSQL', () => {
  test(
    '1000 levels have one payload for each place',
    () => survives({ store: 'postgres', levels: 1_000, clients: 100, signers: 3, seed: 1 }),
    PATIENCE_MS,
  );
});
