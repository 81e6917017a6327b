import type { Ballot } from '@meridian/tenderbake';
import { toHex, type ChainId, type Signature } from '@meridian/tezos';
import { attachSignature, encode, unsignedVote, voteModeOf } from '@meridian/tezos/forge';
import { voteSignBytes, type Unsigned, type Vote } from '@meridian/tezos/forge';

function operationOf(ballot: Ballot): Unsigned<Vote> {
  const { kind, slot, level, round, payloadHash, branch } = ballot;
  return { branch, contents: [{ kind, slot, level, round, block_payload_hash: payloadHash }] };
}

/** What a signer is asked to sign for a ballot. */
export function signBytesOf(chainId: ChainId, ballot: Ballot): Uint8Array {
  return voteSignBytes(chainId, operationOf(ballot), voteModeOf(ballot.consensusKey));
}

/** The signed operation of a ballot, as it is injected, in hexadecimal. */
export function operationHex(ballot: Ballot, signature: Signature): string {
  return toHex(attachSignature(encode(unsignedVote, operationOf(ballot)), signature));
}
