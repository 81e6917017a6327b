import type { Log } from '@meridian/service';
import type { SignerClient, SignOptions, SignOutcome } from '@meridian/signer-client';
import type { Ballot } from '@meridian/tenderbake';
import { level, round, slot, toBase58, toHex, type Signature } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { attachSignature, encode, unsignedVote, voteSignBytes } from '@meridian/tezos/forge';
import { operationHex, signBytesOf } from '@meridian/vote-line';
import { describe, expect, test } from 'vitest';
import { markOf, signedBallot, askSigners } from './signers.ts';

const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(1));
const key = publicKeyHashOf(publicKeyOf(secret));
const chainId = toBase58('chainId', Uint8Array.of(1, 2, 3, 4));
const hash = (fill: number) => new Uint8Array(32).fill(fill);
const ballot: Ballot = {
  kind: 'attestation',
  delegate: key,
  consensusKey: key,
  slot: slot(3),
  level: level(100),
  round: round(0),
  payloadHash: toBase58('payloadHash', hash(1)),
  branch: toBase58('blockHash', hash(2)),
};
const bytes = signBytesOf(chainId, ballot);
const signature = sign(secret, bytes);

/** The vote of the same seat with DAL content, as another endorser has it signed. */
const withDal = {
  branch: ballot.branch,
  contents: [
    {
      kind: 'attestation_with_dal',
      slot: ballot.slot,
      level: ballot.level,
      round: ballot.round,
      block_payload_hash: ballot.payloadHash,
      dal_attestation: '5',
    },
  ],
} as const;
const dalBytes = voteSignBytes(chainId, withDal, 'plain');
const dalSignature = sign(secret, dalBytes);
const dalOperation = toHex(attachSignature(encode(unsignedVote, withDal), dalSignature));

type Refused = Extract<SignOutcome, { kind: 'refused' }>;
const refused = (code: string, more: Partial<Refused> = {}): Refused => ({
  ...{ kind: 'refused', status: 409, code, message: 'no', details: {} },
  ...{ persistence: 'final', alerts: false, ...more },
});
const released = (of: Uint8Array | string, by: unknown): SignOutcome =>
  refused('equivalent_vote_signed', {
    details: { released: { bytes: typeof of === 'string' ? of : toHex(of), signature: by } },
  });
const signed = (by: Signature): SignOutcome => ({ kind: 'signature', signature: by });

/** A client whose outcomes are these, one after the other. */
function signer(...outcomes: readonly SignOutcome[]) {
  const asked: { hex: string; options: SignOptions | undefined }[] = [];
  const client: Pick<SignerClient, 'sign'> = {
    sign: (_, payload, options) => {
      const outcome = outcomes[asked.length];
      asked.push({ hex: toHex(payload), options });
      return outcome === undefined
        ? Promise.reject(new Error('asked again'))
        : Promise.resolve(outcome);
    },
  };
  return { client, asked };
}

describe('a ballot', () => {
  test('is asked for by its bytes, and becomes an operation', async () => {
    const { client, asked } = signer(signed(signature));
    const outcome = await signedBallot(client, ballot, bytes);
    expect(outcome).toEqual({ kind: 'signed', operation: operationHex(ballot, signature) });
    expect(asked).toMatchObject([{ hex: toHex(bytes) }]);
  });

  test.each([
    ['attestation', true],
    ['preattestation', false],
  ] as const)('that is an %s: before others is %s', async (kind, urgent) => {
    const { client, asked } = signer(signed(signature));
    await signedBallot(client, { ...ballot, kind }, bytes);
    expect(asked[0]?.options).toMatchObject({ urgent });
  });
});

describe('an equivalent vote', () => {
  test('is taken with the signature that it brings', async () => {
    const { client } = signer(released(dalBytes, dalSignature));
    const outcome = await signedBallot(client, ballot, bytes);
    expect(outcome).toEqual({ kind: 'shared', operation: dalOperation });
  });

  test('whose signature is not stored yet is asked for again, in the same time', async () => {
    const { client, asked } = signer(released(dalBytes, null), signed(dalSignature));
    const outcome = await signedBallot(client, ballot, bytes);
    expect(outcome).toEqual({ kind: 'shared', operation: dalOperation });
    expect(asked.map(({ hex }) => hex)).toEqual([toHex(bytes), toHex(dalBytes)]);
    expect(asked[1]?.options).toEqual(asked[0]?.options);
  });

  test('that nobody signs again is not signed', async () => {
    const { client } = signer(released(dalBytes, null), { kind: 'unavailable', troubles: [] });
    const outcome = await signedBallot(client, ballot, bytes);
    expect(outcome).toMatchObject({ kind: 'unsigned', code: 'unavailable', severity: 'warn' });
  });

  test('is asked for once more only', async () => {
    const again = released(dalBytes, null);
    const outcome = await signedBallot(signer(again, again).client, ballot, bytes);
    expect(outcome).toMatchObject({ kind: 'unsigned', code: 'equivalent_vote_signed' });
  });

  const other = (change: Partial<Ballot>) => signBytesOf(chainId, { ...ballot, ...change });
  test.each([
    ['another kind', other({ kind: 'preattestation' })],
    ['another level', other({ level: level(101) })],
    ['another round', other({ round: round(1) })],
    ['another payload', other({ payloadHash: toBase58('payloadHash', hash(9)) })],
    ['another branch', other({ branch: toBase58('blockHash', hash(9)) })],
    ['another chain', signBytesOf(toBase58('chainId', Uint8Array.of(9, 9, 9, 9)), ballot)],
    ['no slot', voteSignBytes(chainId, withDal, 'bls')],
    ['bytes that are none', '1'],
    ['bytes that cannot be read', '13'],
    ['a signature that is none', dalBytes, 'edsig1'],
  ])('with %s is neither taken nor asked for', async (_, of, by: unknown = dalSignature) => {
    for (const each of typeof of === 'string' ? [by] : [by, by === dalSignature ? null : by]) {
      const { client, asked } = signer(released(of, each));
      const outcome = await signedBallot(client, ballot, bytes);
      expect(outcome).toMatchObject({ code: 'other_vote_released', severity: 'error' });
      expect(asked).toHaveLength(1);
    }
  });
});

describe('a log line', () => {
  /** What is logged of a ballot that comes to this. */
  async function lines(...outcomes: readonly SignOutcome[]) {
    const logged: unknown[] = [];
    const at =
      (severity: string) =>
      (event: string, fields: object = {}): void => {
        logged.push({ severity, event, ...fields });
      };
    const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    await askSigners(signer(...outcomes).client, log, ballot, bytes);
    return logged;
  }
  const place = { kind: 'attestation', level: 100, round: 0, slot: 3 };
  const trouble = (code: string | undefined, alerts: boolean) => ({
    ...{ signer: 'a:1', code, why: 'no', alerts },
  });
  const unavailable = (...troubles: ReturnType<typeof trouble>[]): SignOutcome => ({
    kind: 'unavailable',
    troubles,
  });

  test('is missing for a vote of our own', async () => {
    expect(await lines(signed(signature))).toEqual([]);
  });

  test('tells that a vote is shared', async () => {
    const logged = await lines(released(dalBytes, dalSignature));
    expect(logged).toEqual([{ severity: 'info', event: 'vote_shared', ...place }]);
  });

  test.each<[string, string, SignOutcome]>([
    ['info', 'below_mark', refused('below_mark')],
    ['error', 'conflicting_vote', refused('conflicting_vote', { alerts: true })],
    ['info', 'frozen', unavailable(trouble('frozen', false), trouble('standby', false))],
    ['warn', 'latched', unavailable(trouble('frozen', false), trouble('latched', true))],
    ['warn', 'unavailable', unavailable(trouble('frozen', false), trouble(undefined, true))],
  ])('is %s for %s', async (severity, code, outcome) => {
    expect(await lines(outcome)).toMatchObject([{ severity, event: 'not_signed', ...place, code }]);
  });

  test('names what kept each signer', async () => {
    const outcome = unavailable(trouble('frozen', false), { ...trouble('x', true), signer: 'b:2' });
    expect(await lines(outcome)).toMatchObject([{ why: 'a:1: no; b:2: no' }]);
  });
});

describe('the mark of a key', () => {
  const mark = { chain_id: chainId, level: 100, round: 0, digest: 'aa', signature: null };
  const marksOf = (marks: Awaited<ReturnType<SignerClient['marks']>>) =>
    markOf({ marks: () => Promise.resolve(marks) }, chainId, key);

  test('is its attestation on this chain', async () => {
    const one = { ...mark, kind: 'attestation', bytes: toHex(bytes) } as const;
    const others = [
      { ...one, kind: 'preattestation' },
      { ...one, chain_id: toBase58('chainId', Uint8Array.of(9, 9, 9, 9)) },
    ] as const;
    expect(await marksOf([...others, one])).toEqual({
      ...{ consensusKey: key, level: 100, round: 0, payloadHash: ballot.payloadHash },
    });
    expect(await marksOf(others)).toBeNull();
  });

  test('names no payload where it is a floor', async () => {
    const floor = await marksOf([{ ...mark, kind: 'attestation', bytes: null }]);
    expect(floor).toMatchObject({ payloadHash: null });
  });

  test('is unknown where nobody says it, or it cannot be read', async () => {
    expect(await marksOf(undefined)).toBeUndefined();
    expect(await marksOf([{ ...mark, kind: 'attestation', bytes: '13' }])).toBeUndefined();
  });
});
