import { aggregateSignatures } from '@meridian/tezos/crypto';
import { TezosError, type PublicKey, type Signature } from '@meridian/tezos';
import type { Verifier } from './judge.ts';

/** A signature, and the key under which it should be good. */
export type Claim = { readonly key: PublicKey; readonly signature: Signature };

/** Bytes, and who is said to have signed them; several only where the keys are tz4, whose signatures add up. */
export type Job = { readonly bytes: Uint8Array; readonly claims: readonly Claim[] };

/** For each job whether each of its claims holds, in their order. */
export type Findings = readonly (readonly boolean[])[];

/** Checks signatures: those of one job by one check of their sum, and by halves where that fails. */
export function checkJobs(verifier: Verifier, jobs: readonly Job[]): Findings {
  return jobs.map(({ bytes, claims }) => checkClaims(verifier, bytes, claims));
}

function checkClaims(
  verifier: Verifier,
  bytes: Uint8Array,
  claims: readonly Claim[],
): readonly boolean[] {
  const [first, ...others] = claims;
  if (first === undefined) return [];
  if (others.length === 0) return [verifier.verify(first.key, first.signature, bytes)];
  if (isSumGood(verifier, bytes, claims)) return claims.map(() => true);
  const half = Math.ceil(claims.length / 2);
  return [claims.slice(0, half), claims.slice(half)].flatMap(part =>
    checkClaims(verifier, bytes, part),
  );
}

/**
 * Whether the sum of all signatures is good under the sum of all keys. That proves that each owner signed the bytes,
 * since the chain takes no tz4 key without its proof of possession.
 */
function isSumGood(verifier: Verifier, bytes: Uint8Array, claims: readonly Claim[]): boolean {
  const keys = claims.map(({ key }) => key);
  const signatures = claims.map(({ signature }) => signature);
  try {
    const sum = aggregateSignatures(signatures as Parameters<typeof aggregateSignatures>[0]);
    return verifier.verifyAggregate(keys, sum, bytes);
  } catch (error) {
    if (error instanceof TezosError) return false;
    throw error;
  }
}
