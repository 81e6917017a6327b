import { seededRandom } from '@meridian/prelude';
import type { SignerClient, SignOutcome } from '@meridian/signer-client';
import { level, round, slot, toBase58, toHex } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { readSignBytes, voteSignBytes } from '@meridian/tezos/forge';
import { describe, expect, test } from 'vitest';
import { dalClient, withDalContent } from './dal-client.ts';
import { troublesOf, victimsOf } from './plan.ts';
import { problemsOf, trio, type Report } from './trio.ts';
import { readWords } from './words.ts';

const PATIENCE_MS = 180_000;
const ALL = ['endorser1', 'endorser2', 'endorser3'];

const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(1));
const key = publicKeyHashOf(publicKeyOf(secret));
const hash = (fill: number) => new Uint8Array(32).fill(fill);
const bytesOf = (kind: 'preattestation' | 'attestation', mode: 'plain' | 'bls' = 'plain') =>
  voteSignBytes(
    toBase58('chainId', Uint8Array.of(1, 2, 3, 4)),
    {
      branch: toBase58('blockHash', hash(2)),
      contents: [
        {
          ...{ kind, slot: slot(3), level: level(100), round: round(1) },
          block_payload_hash: toBase58('payloadHash', hash(1)),
        },
      ],
    },
    mode,
  );

describe('an endorser that looks at DAL', () => {
  const plain = bytesOf('attestation');

  /** What it is told, what the signers are asked, and how often it was heard to have signed. */
  function asking(outcome: (bytes: Uint8Array) => SignOutcome) {
    const asked: string[] = [];
    let own = 0;
    const signers: SignerClient = {
      sign: (_, bytes) => {
        asked.push(toHex(bytes));
        return Promise.resolve(outcome(bytes));
      },
      marks: () => Promise.resolve(undefined),
      close: () => Promise.resolve(),
    };
    const client = dalClient(signers, () => (own += 1));
    return { client, asked, own: () => own };
  }

  test('asks for the same attestation, with DAL content', () => {
    const dal = withDalContent(plain) ?? plain;
    expect(toHex(dal)).not.toBe(toHex(plain));
    const { kind: _, ...place } = readSignBytes(plain);
    expect(readSignBytes(dal)).toMatchObject(place);
  });

  test.each([
    ['a preattestation', bytesOf('preattestation')],
    ['an attestation without a slot', bytesOf('attestation', 'bls')],
  ])('asks for %s as it is', async (_, bytes) => {
    expect(withDalContent(bytes)).toBeUndefined();
    const { client, asked } = asking(of => ({ kind: 'signature', signature: sign(secret, of) }));
    expect(await client.sign(key, bytes)).toMatchObject({ kind: 'signature' });
    expect(asked).toEqual([toHex(bytes)]);
  });

  test('takes its own vote as one that was released, and the plain one of a sister as it is', async () => {
    const dal = withDalContent(plain) ?? plain;
    const { client, asked, own } = asking(of => ({
      kind: 'signature',
      signature: sign(secret, of),
    }));
    const first = await client.sign(key, plain);
    const released = { bytes: toHex(dal), signature: sign(secret, dal) };
    expect(first).toMatchObject({ code: 'equivalent_vote_signed', details: { released } });
    expect(await client.sign(key, plain)).toMatchObject({ kind: 'signature' });
    expect(asked).toEqual([toHex(dal), toHex(plain)]);
    expect(own()).toBe(1);
  });
});

describe('the plan', () => {
  test('kills one or two at any time, and never all that are up', () => {
    const random = seededRandom(1);
    const up = new Set(['endorser1', 'endorser3']);
    const drawn = Array.from({ length: 200 }, () => victimsOf(random, ALL, up));
    expect(new Set(drawn.flat())).toEqual(new Set(ALL));
    expect(new Set(drawn.map(({ length }) => length))).toEqual(new Set([0, 1, 2]));
    for (const victims of drawn.filter(({ length }) => length > 0))
      expect([...up].some(name => !victims.includes(name))).toBe(true);
    expect(victimsOf(random, ALL, new Set())).toEqual([]);
  });

  test('has all trouble in 300 levels, and the same one of one seed', () => {
    const troubles = troublesOf({ levels: 300, seed: 1 });
    expect(troubles).toEqual(troublesOf({ levels: 300, seed: 1 }));
    expect(troubles).not.toEqual(troublesOf({ levels: 300, seed: 2 }));
    expect(new Set(troubles.map(each => (each as { trouble: string }).trouble)).size).toBe(5);
  });
});

describe('a command line', () => {
  test('is levels and a seed', () => {
    const read = readWords(['--levels', '300', '--seed', '4', '--json']);
    const wanted = { levels: 300, seed: 4 };
    expect(read).toEqual({ ok: true, value: { wanted, log: undefined, json: true } });
  });

  test.each([
    [['--levels', '0'], '--levels'],
    [['--seed', 'x'], '--seed'],
    [['--four'], '--four'],
  ])('%j is refused by name', (args, option) => {
    const read = readWords(args);
    expect(read.ok ? '' : read.error).toContain(option);
  });
});

describe('three endorsers with one key', () => {
  const good = {
    ...{ missed: 0, doubleSigns: 0, falseAlarms: {} },
    ...{ rights: 1, killed: 1, shared: 1, dalVotes: 1, laterRounds: 1 },
  } as unknown as Report;

  test.each<readonly [Partial<Report>, string]>([
    [{ missed: 1 }, 'missed: 1'],
    [{ doubleSigns: 2 }, 'doubleSigns: 2'],
    [{ falseAlarms: { vote_refused: 3 } }, 'vote_refused: 3'],
    [{ killed: 0 }, 'killed: none, so nothing was shown'],
    [{ shared: 0 }, 'shared: none, so nothing was shown'],
  ])('have not held with %j', (change, problem) => {
    expect(problemsOf(good)).toEqual([]);
    expect(problemsOf({ ...good, ...change })).toEqual([problem]);
  });

  test(
    'miss nothing, sign nothing twice and alarm nobody without cause, killed at any moment',
    async () => {
      const report = await trio({ levels: 14, seed: 1 });
      expect(problemsOf(report), JSON.stringify(report)).toEqual([]);
    },
    PATIENCE_MS,
  );
});
