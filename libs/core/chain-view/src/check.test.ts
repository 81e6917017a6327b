import {
  publicKeyOf,
  secretKeyOfSeed,
  sign,
  verify,
  verifyAggregate,
} from '@meridian/tezos/crypto';
import { toBase58, type Signature } from '@meridian/tezos';
import { expect, test } from 'vitest';
import { checkJobs, type Claim, type Job } from './check.ts';
import type { Verifier } from './judge.ts';

const BYTES = Uint8Array.of(0x12, 1, 2, 3);
const OWNERS = Array.from({ length: 16 }, (_, at) =>
  secretKeyOfSeed('tz4', new Uint8Array(32).fill(at + 1)),
);
const signatures = OWNERS.map(owner => sign(owner, BYTES));
const CLAIMS: readonly Claim[] = OWNERS.map((owner, at) => ({
  key: publicKeyOf(owner),
  signature: signatures[at]!,
}));
const forged = sign(OWNERS[0]!, Uint8Array.of(9));
const noPoint = toBase58('BLsig', new Uint8Array(96).fill(7));
const otherCurve = sign(secretKeyOfSeed('tz1', new Uint8Array(32).fill(1)), BYTES);

/** What is found, and how many checks it took. */
function found(claims: readonly Claim[]) {
  let checks = 0;
  const verifier = {
    verify: (...all: Parameters<typeof verify>) => ((checks += 1), verify(...all)),
    verifyAggregate: (...all: Parameters<typeof verifyAggregate>) => (
      (checks += 1),
      verifyAggregate(...all)
    ),
  } as unknown as Verifier;
  const job: Job = { bytes: BYTES, claims };
  return { findings: checkJobs(verifier, [job])[0], checks: () => checks };
}

const withForged = (at: readonly number[], signature: Signature = forged) =>
  CLAIMS.map((claim, place) => (at.includes(place) ? { ...claim, signature } : claim));

test('good signatures of the same bytes cost one check, however many there are', () => {
  const { findings, checks } = found(CLAIMS);
  expect(findings).toEqual(CLAIMS.map(() => true));
  expect(checks()).toBe(1);
});

test.each<[string, readonly number[], Signature]>([
  ['one that is forged', [5], forged],
  ['one that is no point', [15], noPoint],
  ['one of another curve', [0], otherCurve],
  ['several', [0, 7, 8], forged],
  ['all of them', CLAIMS.map((_, at) => at), forged],
])('%s among them is found, and no other is taken for it', (_what, at, signature) => {
  const { findings } = found(withForged(at, signature));
  expect(findings).toEqual(CLAIMS.map((_claim, place) => !at.includes(place)));
});

test('signatures of two owners under each other’s names prove that both signed', () => {
  const [one, other, ...others] = CLAIMS;
  const swapped = [
    { ...one!, signature: other!.signature },
    { ...other!, signature: one!.signature },
  ];
  expect(found([...swapped, ...others]).findings).toEqual(CLAIMS.map(() => true));
});

test('what one owner signed twice stands for nobody else', () => {
  const [one, other] = CLAIMS;
  const doubled = [one!, { ...other!, signature: one!.signature }];
  expect(found(doubled).findings).toEqual([true, false]);
});

test('each job has its own findings, in the order in which they were asked', () => {
  const alone = (claim: Claim): Job => ({ bytes: BYTES, claims: [claim] });
  const jobs: readonly Job[] = [
    alone({ ...CLAIMS[0]!, signature: forged }),
    { bytes: BYTES, claims: [] },
    { bytes: BYTES, claims: withForged([1]).slice(0, 3) },
    alone(CLAIMS[3]!),
  ];
  expect(checkJobs({ verify, verifyAggregate } as unknown as Verifier, jobs)).toEqual([
    [false],
    [],
    [true, false, true],
    [true],
  ]);
});
