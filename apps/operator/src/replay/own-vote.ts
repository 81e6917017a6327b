import { toBase58, toHex, type PublicKeyHash, type Signature } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf } from '@meridian/tezos/crypto';
import { blake2b256, hashOperation } from '@meridian/tezos/hash';
import { secretKeyOfSeed, sign, verify } from '@meridian/tezos/crypto';
import {
  attachSignature,
  encode,
  unsignedVote,
  voteModeOf,
  voteSignBytes,
} from '@meridian/tezos/forge';
import type { ChainId, SecretKey } from '@meridian/tezos';
import { level, round } from '@meridian/tezos';
import { advance, NO_MAX_LEVEL, seal, signRequest } from '@meridian/watermark';
import type { Row } from '@meridian/watermark';
import { provision, takeOver } from '@meridian/watermark/administration';
import { voteOf, type Ballot, type Voter } from './ballot.ts';

/** A vote of a throw-away key, from the bytes to be signed to the operation that could be injected. */
export type OwnVote = {
  readonly publicKeyHash: PublicKeyHash;
  readonly signBytes: string;
  readonly signature: Signature;
  /** What a node would be sent. The key has no rights, so a node would refuse it. */
  readonly injectable: string;
  readonly operationHash: string;
  readonly verified: boolean;
  /** Why the same key may not vote for another payload at the same level and round. */
  readonly secondPayload: string;
};

const HOLDER = { site: 'replay', epoch: 1, incarnation: 'replay', generation: 1 } as const;

/**
 * Casts one vote as Meridian does: the watermark's rule first, the key only after it, and then the same
 * again with another payload, which the rule has to refuse.
 */
export function castOwnVote(
  chainId: ChainId,
  ballot: Ballot,
  voter: Voter,
  address: 'tz1' | 'tz2' | 'tz3' | 'tz4',
  seed: Uint8Array,
): OwnVote {
  const secret = secretKeyOfSeed(address, seed);
  const key = publicKeyOf(secret);
  const pkh = publicKeyHashOf(key);
  const vote = voteOf(ballot, voter);
  const bytes = voteSignBytes(chainId, vote, voteModeOf(key));
  const { signature, row } = signGuarded(freshRow(chainId, pkh, ballot), pkh, bytes, secret);
  const injectable = attachSignature(encode(unsignedVote, vote), signature);
  return {
    publicKeyHash: pkh,
    signBytes: toHex(bytes),
    signature,
    injectable: toHex(injectable),
    operationHash: hashOperation(injectable),
    verified: verify(key, signature, bytes),
    secondPayload: secondAttempt(row, pkh, chainId, ballot, voter),
  };
}

/** A row that may sign from the ballot's level on. */
function freshRow(chainId: ChainId, pkh: PublicKeyHash, { kind, level: at }: Ballot): Row {
  const floor = { level: level(Math.max(0, at - 1)), round: round(0) };
  const key = { chainId, pkh, kind };
  const row = provision(undefined, key, { ...HOLDER, epoch: 0 }, floor, 'new');
  if (!row.ok) throw new Error(`a new row was not provisioned: ${row.error}`);
  const authority = { ...HOLDER, by: 'first_use', maxLevel: NO_MAX_LEVEL, floor } as const;
  const taken = takeOver(row.value, authority);
  if (!taken.ok) throw new Error(`a new row was not taken into use: ${taken.error}`);
  return taken.value;
}

function signGuarded(
  row: Row,
  pkh: PublicKeyHash,
  bytes: Uint8Array,
  secret: SecretKey,
): { signature: Signature; row: Row } {
  const request = signRequest(pkh, bytes, HOLDER);
  const permission = advance(row, request);
  if (!permission.ok) throw new Error(`a first vote was refused: ${permission.error.code}`);
  const signature = sign(secret, bytes);
  const sealed = seal(permission.value.row, request, signature);
  if (!sealed.ok) throw new Error(`a signature was not stored: ${sealed.error.code}`);
  return { signature, row: sealed.value };
}

function secondAttempt(
  row: Row,
  pkh: PublicKeyHash,
  chainId: ChainId,
  ballot: Ballot,
  voter: Voter,
): string {
  const otherHash = blake2b256(new TextEncoder().encode(ballot.payloadHash));
  const other = { ...ballot, payloadHash: toBase58('payloadHash', otherHash) };
  const bytes = voteSignBytes(chainId, voteOf(other, voter), voteModeOf(pkh));
  const outcome = advance(row, signRequest(pkh, bytes, HOLDER));
  return outcome.ok ? 'allowed' : outcome.error.code;
}
