import { describe, expect, test } from 'vitest';
import { duration, instant } from '@meridian/prelude';
import { level, slot, round, toBase58 } from '@meridian/tezos';
import { readSignBytes, voteSignBytes } from '@meridian/tezos/forge';
import { activeStore, attestation, BAKER, block, CHAIN, countedKeystore } from './fixtures.ts';
import { OTHER, OTHER_CHAIN, signingParts } from './fixtures.ts';
import { horizonRefusal, policyProblem, type Policy } from './policy.ts';
import { createSigning } from './sign.ts';

const POLICY: Policy = {
  chains: [CHAIN],
  roles: new Map([
    [BAKER.pkh, 'consensus'],
    [OTHER.pkh, 'companion'],
  ]),
};
const codeOf = (bytes: Uint8Array, pkh = BAKER.pkh, policy: Partial<Policy> = {}) =>
  policyProblem({ ...POLICY, ...policy }, pkh, readSignBytes(bytes))?.code;

const preattestation = voteSignBytes(
  CHAIN,
  {
    branch: toBase58('blockHash', new Uint8Array(32).fill(7)),
    contents: [
      {
        kind: 'preattestation',
        slot: slot(1),
        level: level(10),
        round: round(0),
        block_payload_hash: toBase58('payloadHash', new Uint8Array(32).fill(1)),
      },
    ],
  },
  'plain',
);

test('a consensus key signs blocks and votes', () => {
  for (const bytes of [block(10), preattestation, attestation(10)]) {
    expect(codeOf(bytes)).toBeUndefined();
  }
});

test('a companion key signs attestations and nothing else', () => {
  expect(codeOf(attestation(10), OTHER.pkh)).toBeUndefined();
  expect(codeOf(preattestation, OTHER.pkh)).toBe('not_allowed');
  expect(codeOf(block(10), OTHER.pkh)).toBe('not_allowed');
});

test('a key that is not held and a chain that is not served are refused', () => {
  expect(codeOf(attestation(10), toBase58('tz1', new Uint8Array(20)))).toBe('unknown_key');
  expect(codeOf(attestation(10, 1, OTHER_CHAIN))).toBe('not_allowed');
  expect(codeOf(attestation(10, 1, OTHER_CHAIN), BAKER.pkh, { chains: [CHAIN, OTHER_CHAIN] })).toBe(
    undefined,
  );
});

describe('the horizon', () => {
  const horizon = {
    baseLevel: level(100),
    baseTime: instant(60_000),
    minimalBlockDelay: duration(6_000),
    slackLevels: 2,
  };
  const codeAt = (number: number, ms: number) =>
    horizonRefusal(horizon, level(number), instant(60_000 + ms))?.code;

  test('forbids a level that the chain cannot have reached, and not the one before', () => {
    expect(codeAt(102, 0)).toBeUndefined();
    expect(codeAt(103, 0)).toBe('beyond_horizon');
    expect(codeAt(103, 6_000)).toBeUndefined();
    expect(codeAt(0x7fff_ffff, 6_000)).toBe('beyond_horizon');
  });

  test('has to be there: without one nothing is signed', () => {
    expect(horizonRefusal(undefined, level(10), instant(0))?.code).toBe('unknown_row');
  });
});

test('ten thousand requests do not move the horizon, nor the mark', async () => {
  const store = await activeStore();
  const { keystore, used } = countedKeystore();
  const sign = createSigning(await signingParts(store, keystore));
  const before = await store.rows();
  for (let asked = 0; asked < 10_000; asked += 1) {
    const refused = await sign(BAKER.pkh, attestation(2_000 + asked));
    expect(refused).toMatchObject({ error: { code: 'beyond_horizon' } });
  }
  expect(await store.rows()).toEqual(before);
  expect(used()).toBe(0);
});
