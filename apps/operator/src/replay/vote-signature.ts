import { verify, verifyAggregate } from '@meridian/tezos/crypto';
import { companionWeight, weightedPublicKey } from '@meridian/tezos/crypto';
import { blsModeBytes, voteModeOf, voteSignBytes } from '@meridian/tezos/forge';
import type { ChainId, PublicKey, PublicKeyHash, Signature } from '@meridian/tezos';
import { voteOf, type Ballot, type Voter } from './ballot.ts';
import type { Keys } from './keys.ts';
import type { Rights } from './rights.ts';

/** What is needed to vote as the delegates of a level did. */
export type Election = {
  readonly chainId: ChainId;
  readonly ballot: Ballot;
  /** Undefined: slots are taken from the votes themselves. */
  readonly rights: Rights | undefined;
  readonly keys: Keys;
};

/** A voter and who it is, where the node says so. */
export type Signatory = Voter & {
  readonly delegate: PublicKeyHash | undefined;
  readonly consensusKey: PublicKeyHash | undefined;
};

/**
 * Whether a signature found on the chain is one of our own sign-bytes under the voters' keys; null when
 * one of the keys is not known. An aggregate is checked against all its voters at once.
 */
export function checkVoteSignature(
  election: Election,
  signatories: readonly Signatory[],
  signature: Signature,
  aggregated: boolean,
): boolean | null {
  const keys = signatories.map(each => signingKey(election, each));
  const [first] = signatories;
  const known = keys.filter(key => key !== undefined);
  const [key] = known;
  if (first === undefined || key === undefined || known.length < keys.length) return null;
  const bytes = voteSignBytes(election.chainId, voteOf(election.ballot, first), voteModeOf(key));
  if (!aggregated) return verify(key, signature, bytes);
  return verifyAggregate(known as BlsKey[], signature as BlsSignature, bytes);
}

type BlsKey = Parameters<typeof verifyAggregate>[0][number];
type BlsSignature = Parameters<typeof verifyAggregate>[1];

/** The consensus key, with the companion key weighed in where a tz4 delegate attests with DAL content. */
function signingKey(election: Election, signatory: Signatory): PublicKey | undefined {
  const { keys, rights, ballot } = election;
  const consensusKey = signatory.consensusKey && keys.get(signatory.consensusKey);
  if (consensusKey === undefined || signatory.dalAttestation === undefined) return consensusKey;
  if (voteModeOf(consensusKey) === 'plain') return consensusKey;
  const companion = signatory.delegate && rights?.get(signatory.delegate)?.companionKey;
  const companionKey = companion && keys.get(companion);
  if (companionKey === undefined) return undefined;
  const pair = { consensusKey: consensusKey as BlsKey, companionKey: companionKey as BlsKey };
  const operation = blsModeBytes(voteOf(ballot, signatory));
  return weightedPublicKey(
    companionWeight(pair, operation, BigInt(signatory.dalAttestation)),
    pair,
  );
}
