import { protocolProblem, refusalProblem, renderAnswer } from '@meridian/signer-protocol';
import { renderProblem, type Problem } from '@meridian/signer-protocol';
import type { PublicKeyHash } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Exchange, Reply, Signer } from './http-signer.ts';
import { DEFAULT_LIMITS, type SignerLimits } from './limits.ts';
import { clientOf, type SignOutcome } from './signer-client.ts';

const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(1));
const key = publicKeyHashOf(publicKeyOf(secret));
const keys = Array.from({ length: 500 }, (_, at) => `tz1key${at.toString()}` as PublicKeyHash);
const payload = Uint8Array.of(1, 2, 3);
const signature = sign(secret, payload);

const signs = renderAnswer({ signature });
const refuses = (problem: Problem): Reply => renderProblem(problem);
const frozen = refuses(refusalProblem({ code: 'frozen' }));
const noStore = refuses(protocolProblem('store_unavailable'));
const unknownKey = refuses(protocolProblem('unknown_key'));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers to a key at a time; undefined: it never answers. */
type Behaviour = (key: string, atMs: number) => Reply | undefined;

type Stub = Signer & {
  /** Which keys were asked for, in order, and when. */
  readonly asked: { readonly key: string; readonly atMs: number }[];
};

/** A signer in virtual time that answers so, after some time. */
function stub(behaviour: Behaviour, tookMs = 2): Stub {
  const asked: Stub['asked'][number][] = [];
  return {
    name: 'stub',
    asked,
    ask: async ({ target }: Exchange, timeoutMs) => {
      const of = /^\/(?:keys|marks)\/(\w+)/.exec(target)?.[1] ?? '';
      const atMs = performance.now() - startedAt;
      asked.push({ key: of, atMs });
      const reply = behaviour(of, atMs);
      const comes = reply !== undefined && tookMs <= timeoutMs;
      await new Promise(resolve => setTimeout(resolve, comes ? tookMs : timeoutMs));
      return comes ? reply : 'no answer in time';
    },
    close: () => Promise.resolve(),
  };
}

let startedAt = 0;
type Told = { readonly outcome: SignOutcome; readonly afterMs: number };

/** Has all keys ask at once, and tells when each knew. */
async function askAll(
  signers: readonly Signer[],
  of: readonly PublicKeyHash[],
  limits: Partial<SignerLimits> = {},
): Promise<readonly Told[]> {
  startedAt = performance.now();
  const client = clientOf(signers, { ...DEFAULT_LIMITS, ...limits });
  const told = Promise.all(
    of.map(async each => {
      const outcome = await client.sign(each, payload);
      return { outcome, afterMs: performance.now() - startedAt };
    }),
  );
  await vi.runAllTimersAsync();
  return told;
}

const kindsOf = (told: readonly Told[]) => new Set(told.map(({ outcome }) => outcome.kind));
const times = ({ asked }: Stub) => asked.map(({ atMs }) => atMs);

describe('a signer that may not sign', () => {
  test('is asked every half a second, until time is up', async () => {
    const signer = stub(() => frozen, 0);
    const [told] = await askAll([signer], [key]);
    expect(times(signer)).toEqual([0, 500, 1_000, 1_500, 2_000, 2_500]);
    expect(told).toMatchObject({
      outcome: { kind: 'unavailable', troubles: [{ code: 'frozen', alerts: false }] },
    });
  });

  test('signs within the time of the vote after a take-over', async () => {
    const signer = stub((_, atMs) => (atMs < 700 ? frozen : signs));
    const [told] = await askAll([signer], [key]);
    expect(told?.outcome.kind).toBe('signature');
    expect(told?.afterMs).toBeLessThan(1_100);
  });

  test('hands over to the next one at once', async () => {
    const [first, second] = [stub(() => frozen), stub(() => signs)];
    const [told] = await askAll([first, second], [key]);
    expect(told).toMatchObject({ outcome: { kind: 'signature' }, afterMs: 4 });
  });

  test.each([
    ['does not hold the key', unknownKey],
    ['does not answer us', refuses(protocolProblem('not_allowed'))],
    ['does not know us', refuses(protocolProblem('authentication_required'))],
    ['was never told of the row', refuses(refusalProblem({ code: 'unknown_row' }))],
  ])('hands over to the next one when it %s', async (_, reply) => {
    const [told] = await askAll([stub(() => reply), stub(() => signs)], [key]);
    expect(told).toMatchObject({ outcome: { kind: 'signature' }, afterMs: 4 });
  });

  test('does not hold up the keys that may sign', async () => {
    const held = new Set<string>(keys.slice(0, 64));
    const signer = stub(of => (held.has(of) ? frozen : signs));
    const told = await askAll([signer], keys);
    const healthy = told.slice(64);
    expect(kindsOf(healthy)).toEqual(new Set(['signature']));
    expect(Math.max(...healthy.map(({ afterMs }) => afterMs))).toBeLessThan(300);
    expect(signer.asked.length).toBeLessThanOrEqual(436 + 64 * 6);
  });

  test('for one key is still asked first for the others', async () => {
    const [one, other] = [keys[0] ?? key, keys[1] ?? key];
    const first = stub(of => (of === one ? frozen : signs));
    const second = stub(of => (of === one ? signs : frozen));
    startedAt = performance.now();
    const client = clientOf([first, second], DEFAULT_LIMITS);
    for (const each of [one, other, one, other]) {
      const outcome = client.sign(each, payload);
      await vi.runAllTimersAsync();
      expect((await outcome).kind).toBe('signature');
    }
    // Each key found its signer with its first question.
    expect(first.asked.map(({ key: of }) => of)).toEqual([one, other, other]);
    expect(second.asked.map(({ key: of }) => of)).toEqual([one, one]);
  });
});

describe('a signer in passing trouble', () => {
  test('is asked soon, and then less often', async () => {
    const signer = stub((_, atMs) => (atMs < 600 ? noStore : signs), 0);
    await askAll([signer], [key]);
    expect(times(signer)).toEqual([0, 20, 60, 140, 300, 460, 620]);
  });

  test('gives way to the next one for all keys', async () => {
    const [silent, well] = [stub(() => undefined), stub(() => signs)];
    const told = await askAll([silent, well], keys);
    expect(kindsOf(told)).toEqual(new Set(['signature']));
    expect(silent.asked).toHaveLength(64);
    expect(Math.max(...told.map(({ afterMs }) => afterMs))).toBeLessThan(600);
  });

  test('is asked when the others may not sign, and comes first again once it answers', async () => {
    const [one = key, other = key, third = key] = keys;
    const first = stub((_, atMs) => (atMs === 0 ? noStore : signs));
    const second = stub(of => (of === other ? frozen : signs));
    startedAt = performance.now();
    const client = clientOf([first, second], DEFAULT_LIMITS);
    for (const each of [one, other, third]) {
      const outcome = client.sign(each, payload);
      await vi.runAllTimersAsync();
      expect((await outcome).kind).toBe('signature');
    }
    expect(first.asked.map(({ key: of }) => of)).toEqual([one, other, third]);
    expect(second.asked.map(({ key: of }) => of)).toEqual([one, other]);
  });

  test('is not believed when it answers rubbish', async () => {
    const rubbish = stub(() => ({ status: 200, body: '{"signature":"edsigrubbish"}' }));
    const [told] = await askAll([rubbish, stub(() => signs)], [key]);
    expect(told?.outcome.kind).toBe('signature');
  });
});

describe('time', () => {
  test('is over for who asked somebody, though a signer is left that may be asked later', async () => {
    const [told] = await askAll([stub(() => frozen)], [key], { deadlineMs: 400 });
    expect(told?.afterMs).toBe(2);
  });

  test('is over for a signer that is asked once more and is silent', async () => {
    const [told] = await askAll([stub(() => undefined)], [key]);
    expect(told?.afterMs).toBe(3_000);
  });

  test('that was spent on waiting leaves each a try', async () => {
    const slow = stub(() => signs, 90);
    const told = await askAll([slow], keys.slice(0, 5), { connectionsMax: 1, deadlineMs: 100 });
    expect(kindsOf(told)).toEqual(new Set(['signature']));
  });

  test('that was spent on waiting leaves each a try with the second signer, too', async () => {
    const signers = [stub(() => frozen, 90), stub(() => signs, 90)];
    const told = await askAll(signers, keys.slice(0, 5), { connectionsMax: 1, deadlineMs: 100 });
    expect(kindsOf(told)).toEqual(new Set(['signature']));
  });

  test('is not spent on a signer that is silent for everybody', async () => {
    const silent = stub(() => undefined);
    const told = await askAll([silent], keys, { connectionsMax: 2 });
    expect(kindsOf(told)).toEqual(new Set(['unavailable']));
    expect(Math.max(...told.map(({ afterMs }) => afterMs))).toBeLessThanOrEqual(3_500);
  });

  test('counts from when the signature was due', async () => {
    const signer = stub(() => noStore);
    startedAt = performance.now();
    const client = clientOf([signer], DEFAULT_LIMITS);
    const outcome = client.sign(key, payload, { dueAt: startedAt - 2_900 });
    await vi.runAllTimersAsync();
    expect((await outcome).kind).toBe('unavailable');
    expect(times(signer).every(atMs => atMs < 100)).toBe(true);
  });
});

describe('turns', () => {
  test('are the urgent ones before the others, each in the order in which they came', async () => {
    const signer = stub(() => signs);
    const client = clientOf([signer], { ...DEFAULT_LIMITS, connectionsMax: 1 });
    const [a = key, b = key, c = key, d = key, e = key] = keys;
    const outcomes = Promise.all([
      ...[a, b, c].map(each => client.sign(each, payload)),
      ...[d, e].map(each => client.sign(each, payload, { urgent: true })),
    ]);
    await vi.runAllTimersAsync();
    await outcomes;
    expect(signer.asked.map(({ key: of }) => of)).toEqual([a, d, e, b, c]);
  });
});

describe('marks', () => {
  test('are read from the signer that holds the key', async () => {
    const holds = stub(() => renderAnswer({ marks: [] }));
    const client = clientOf([stub(() => unknownKey), holds], DEFAULT_LIMITS);
    const marks = client.marks(key);
    await vi.runAllTimersAsync();
    expect(await marks).toEqual([]);
  });

  test('of a key that nobody holds are waited for no longer than it takes to ask', async () => {
    const signers = [stub(() => unknownKey), stub(() => unknownKey)];
    startedAt = performance.now();
    const marks = clientOf(signers, DEFAULT_LIMITS).marks(key);
    await vi.runAllTimersAsync();
    expect(await marks).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(10);
  });
});
