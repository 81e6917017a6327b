import { TezosError } from '@meridian/tezos';
import type { PublicKey, PublicKeyHash, Signature } from '@meridian/tezos';
import { readSignBytes, voteModeOf, type SignSubject } from '@meridian/tezos/forge';
import { Refused } from './refused.ts';

/** The version of the signature scheme that a client asks for; only tz4 results differ. */
export type SigningVersion = 0 | 1 | 2 | 3;

/** What a signer is asked, over HTTP or on a socket. */
export type SignerRequest =
  | { readonly kind: 'authorized_keys' }
  | { readonly kind: 'known_keys' }
  | { readonly kind: 'public_key'; readonly pkh: PublicKeyHash }
  /** Asked for over HTTP alone. */
  | { readonly kind: 'marks'; readonly pkh: PublicKeyHash }
  /** Asked for on a socket alone. */
  | { readonly kind: 'supports_deterministic_nonces'; readonly pkh: PublicKeyHash }
  | {
      readonly kind: 'prove_possession';
      readonly pkh: PublicKeyHash;
      /** The key whose bytes are signed in place of the own key's. */
      readonly blsKey: PublicKey | undefined;
    }
  | {
      readonly kind: 'sign';
      readonly pkh: PublicKeyHash;
      readonly version: SigningVersion;
      readonly authentication: Signature | undefined;
      /** What is to be signed, watermark included. */
      readonly bytes: Uint8Array;
      readonly subject: SignSubject;
    };

/** What is asked when the client names no version, or cannot. */
export const LATEST_VERSION: SigningVersion = 3;
/** Versions 0 and 1 know no BLS, or the augmented scheme, whose signatures the chain refuses since 023. */
const FIRST_BLS_VERSION = 2;

/** Refuses a version that is not a key's. */
export function checkVersion(pkh: PublicKeyHash, version: SigningVersion): void {
  if (pkh.startsWith('tz4') && version < FIRST_BLS_VERSION)
    throw new Refused('unsupported_version');
}

/** A request to sign, whose bytes are read strictly and fit the key. */
export function signRequest(
  pkh: PublicKeyHash,
  version: SigningVersion,
  authentication: Signature | undefined,
  bytes: Uint8Array,
): SignerRequest {
  checkVersion(pkh, version);
  const subject = subjectOf(bytes);
  if (subject.kind !== 'block' && subject.mode !== voteModeOf(pkh))
    throw new Refused('wrong_mode', pkh);
  return { kind: 'sign', pkh, version, authentication, bytes, subject };
}

/** A request for a proof of possession, of a tz4 key alone. */
export function possessionRequest(
  pkh: PublicKeyHash,
  blsKey: PublicKey | undefined,
): SignerRequest {
  if (!pkh.startsWith('tz4')) throw new Refused('not_a_bls_key', pkh);
  if (blsKey?.startsWith('BLpk') === false) throw new Refused('not_a_bls_key', blsKey);
  return { kind: 'prove_possession', pkh, blsKey };
}

function subjectOf(bytes: Uint8Array): SignSubject {
  try {
    return readSignBytes(bytes);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    const byWatermark = error.code === 'unknown_kind' && error.offset === 0;
    throw new Refused(byWatermark ? 'never_signed' : 'malformed_payload', error.message);
  }
}
