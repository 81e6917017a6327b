import type { Brand } from '@meridian/prelude';

/**
 * Every base58check kind that Meridian reads: the bytes before the data, and the length of the data.
 * Source: src/lib_crypto/base58.ml and the curves' modules beside it, in tezos/tezos-mirror.
 */
export const BASE58_KINDS = {
  blockHash: { prefix: [1, 52], dataLength: 32 },
  operationHash: { prefix: [5, 116], dataLength: 32 },
  protocolHash: { prefix: [2, 170], dataLength: 32 },
  operationListHash: { prefix: [133, 233], dataLength: 32 },
  operationListListHash: { prefix: [29, 159, 109], dataLength: 32 },
  contextHash: { prefix: [79, 199], dataLength: 32 },
  payloadHash: { prefix: [1, 106, 242], dataLength: 32 },
  nonceHash: { prefix: [69, 220, 169], dataLength: 32 },
  chainId: { prefix: [87, 82, 0], dataLength: 4 },
  tz1: { prefix: [6, 161, 159], dataLength: 20 },
  tz2: { prefix: [6, 161, 161], dataLength: 20 },
  tz3: { prefix: [6, 161, 164], dataLength: 20 },
  tz4: { prefix: [6, 161, 166], dataLength: 20 },
  tz5: { prefix: [6, 161, 169], dataLength: 20 },
  edpk: { prefix: [13, 15, 37, 217], dataLength: 32 },
  sppk: { prefix: [3, 254, 226, 86], dataLength: 33 },
  p2pk: { prefix: [3, 178, 139, 127], dataLength: 33 },
  BLpk: { prefix: [6, 149, 135, 204], dataLength: 48 },
  mdpk: { prefix: [13, 7, 237, 67], dataLength: 1312 },
  edsk: { prefix: [13, 15, 58, 7], dataLength: 32 },
  edskLegacy: { prefix: [43, 246, 78, 7], dataLength: 64 },
  spsk: { prefix: [17, 162, 224, 201], dataLength: 32 },
  p2sk: { prefix: [16, 81, 238, 189], dataLength: 32 },
  BLsk: { prefix: [3, 150, 192, 40], dataLength: 32 },
  mdsk: { prefix: [9, 57, 116, 57], dataLength: 3872 },
  edesk: { prefix: [7, 90, 60, 179, 41], dataLength: 56 },
  spesk: { prefix: [9, 237, 241, 174, 150], dataLength: 56 },
  p2esk: { prefix: [9, 48, 57, 115, 171], dataLength: 56 },
  BLesk: { prefix: [2, 5, 30, 53, 25], dataLength: 56 },
  edsig: { prefix: [9, 245, 205, 134, 18], dataLength: 64 },
  spsig1: { prefix: [13, 115, 101, 19, 63], dataLength: 64 },
  p2sig: { prefix: [54, 240, 44, 52], dataLength: 64 },
  sig: { prefix: [4, 130, 43], dataLength: 64 },
  BLsig: { prefix: [40, 171, 64, 207], dataLength: 96 },
  mdsig: { prefix: [1, 156, 45, 210, 3], dataLength: 2420 },
} as const satisfies Record<string, { prefix: readonly number[]; dataLength: number }>;

/** The name of a base58check kind. */
export type Base58Kind = keyof typeof BASE58_KINDS;

/** Base58check text that was checked to be of this kind. */
export type Base58Text<Kind extends Base58Kind> = Brand<string, Kind>;

export type BlockHash = Base58Text<'blockHash'>;
export type OperationHash = Base58Text<'operationHash'>;
export type ProtocolHash = Base58Text<'protocolHash'>;
export type OperationListListHash = Base58Text<'operationListListHash'>;
export type ContextHash = Base58Text<'contextHash'>;
export type PayloadHash = Base58Text<'payloadHash'>;
export type NonceHash = Base58Text<'nonceHash'>;
export type ChainId = Base58Text<'chainId'>;

/** An address that can sign: tz1 (Ed25519), tz2 (secp256k1), tz3 (P-256) or tz4 (BLS12-381). */
export type PublicKeyHash = Base58Text<'tz1' | 'tz2' | 'tz3' | 'tz4'>;
/** A public key of one of the four curves. */
export type PublicKey = Base58Text<'edpk' | 'sppk' | 'p2pk' | 'BLpk'>;
/** A secret key of one of the four curves, not encrypted. */
export type SecretKey = Base58Text<'edsk' | 'spsk' | 'p2sk' | 'BLsk'>;
/** A signature; `sig` is a 64-byte one that does not say its curve. */
export type Signature = Base58Text<'edsig' | 'spsig1' | 'p2sig' | 'sig' | 'BLsig'>;
