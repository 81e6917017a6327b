import {
  identifyBase58,
  type PublicKey,
  type PublicKeyHash,
  type Signature,
} from '@meridian/tezos';
import { verify } from '@meridian/tezos/crypto';
import { ADDRESSES } from './wire.ts';

/** What an authenticated request signs begins with: the watermark, and the tag of a request to sign. */
const PREFIX = [0x04, 0x01];

/**
 * The bytes that a client signs to authenticate a request: which key is to sign what.
 * Neither time nor nonce is among them, so a captured request can be repeated; only the watermark bounds
 * what that is worth. Source: src/lib_signer_services/signer_messages.ml.
 */
export function authenticationBytes(pkh: PublicKeyHash, bytes: Uint8Array): Uint8Array {
  const { kind, data } = identifyBase58(ADDRESSES, pkh);
  return Uint8Array.from([...PREFIX, ADDRESSES.indexOf(kind), ...data, ...bytes]);
}

/** The authorized key that made this authentication; undefined when none did. */
export function authenticatedBy(
  authorized: readonly PublicKey[],
  authentication: Signature,
  pkh: PublicKeyHash,
  bytes: Uint8Array,
): PublicKey | undefined {
  const signed = authenticationBytes(pkh, bytes);
  return authorized.find(key => verify(key, authentication, signed));
}
