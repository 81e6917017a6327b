import { createHash } from 'node:crypto';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import type { CaseFile, Key } from '../conformance/case-file.ts';
import { CHAIN } from './places.ts';

/** One key of each curve, and how often it is asked: two of the curves take long to sign and to verify. */
export const CURVES = { tz1: 3, tz2: 1, tz3: 1, tz4: 3 } as const;
export type Curve = keyof typeof CURVES;

/** The keys of a storm; their secrets are made of public words. */
export const KEYS = Object.fromEntries(
  Object.keys(CURVES).map(curve => [curve, keyOf(curve as Curve)]),
) as unknown as Readonly<Record<Curve, Key>>;

function keyOf(curve: Curve): Key {
  const seed = createHash('sha256').update(`a key of a storm, ${curve}`).digest();
  const secret = secretKeyOfSeed(curve, seed);
  const key = publicKeyOf(secret);
  return { public_key_hash: publicKeyHashOf(key), public_key: key, secret_key: secret };
}

/** What signers are furnished with. */
export const KEY_FILE: CaseFile = {
  meta: { mainnet_chain_id: CHAIN },
  keys: KEYS,
  messages: {},
  cases: [],
};
