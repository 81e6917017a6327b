import type { Instant } from '@meridian/prelude';
import { protocolProblem, type Problem } from '@meridian/signer-protocol';
import type { ChainId, Level, PublicKeyHash } from '@meridian/tezos';
import type { SignSubject } from '@meridian/tezos/forge';
import { KINDS, withinHorizon, type Horizon, type Kind, type Refusal } from '@meridian/watermark';

/** What a key is for, and the kinds that it signs for that. A companion key signs the votes that its consensus key does. */
export const ROLES = {
  consensus: KINDS,
  companion: ['attestation'],
} as const satisfies Record<string, readonly Kind[]>;

/** What a key is for. */
export type Role = keyof typeof ROLES;

/** What is signed at all, before any mark is looked at. */
export type Policy = {
  readonly chains: readonly ChainId[];
  readonly roles: ReadonlyMap<PublicKeyHash, Role>;
};

/** Why something is never signed by this key, whatever its mark; undefined when its mark decides. */
export function policyProblem(
  { chains, roles }: Policy,
  pkh: PublicKeyHash,
  { kind, chainId }: SignSubject,
): Problem | undefined {
  const role = roles.get(pkh);
  if (role === undefined) return protocolProblem('unknown_key', pkh);
  if (!chains.includes(chainId)) return protocolProblem('not_allowed', `a signature on ${chainId}`);
  const kinds: readonly Kind[] = ROLES[role];
  return kinds.includes(kind)
    ? undefined
    : protocolProblem('not_allowed', `a ${kind} by a ${role} key`);
}

/** Why a level cannot be signed yet. Where nobody has drawn the line of the chain, nothing is signed. */
export function horizonRefusal(
  horizon: Horizon | undefined,
  level: Level,
  now: Instant,
): Refusal | undefined {
  if (horizon === undefined) return { code: 'unknown_row' };
  return withinHorizon(horizon, level, now) ? undefined : { code: 'beyond_horizon' };
}
