import { toHex, type PublicKeyHash, type Signature, type Slot } from '@meridian/tezos';
import { publicKeyHash } from '@meridian/tezos/crypto';
import { decode, encode, signedOperation, unsignedOperation } from '@meridian/tezos/forge';
import type { Aggregate, OwnContent, Signed, Vote } from '@meridian/tezos/forge';
import { elements, field, optionalField, type Located } from '../json.ts';
import { aggregateOf, voteOf, type Voter } from './ballot.ts';
import { encoded, type NodeBlock, type NodeOperation } from './node-block.ts';
import { checkVoteSignature, type Election, type Signatory } from './vote-signature.ts';

/** What came out of one consensus operation of a block. */
export type VoteCheck = {
  readonly hash: string;
  readonly kind: string;
  /** The delegates whose votes it carries; fewer where the node did not say. */
  readonly delegates: readonly PublicKeyHash[];
  /** Whether Meridian's own bytes for these voters are the very bytes of the chain. */
  readonly agrees: boolean;
  /** Whether the signature is one of our own sign-bytes; null when a key is not known. */
  readonly signature: boolean | null;
};

/** A consensus operation of a block, read back from its own bytes. */
type ReadVote = {
  readonly operation: NodeOperation;
  readonly unsignedHex: string;
  readonly signature: Signature | undefined;
  readonly content: Vote | Aggregate;
};

/** The votes of a block in one election, each compared with our own bytes. */
export function checkVotes(block: NodeBlock, election: Election): readonly VoteCheck[] {
  return consensusOperations(block)
    .filter(({ content }) => isPre(content) === (election.ballot.kind === 'preattestation'))
    .map(vote => checkVote(block, vote, election));
}

/** The branches that a block's attestations name. */
export function attestationBranches(block: NodeBlock): readonly string[] {
  const votes = consensusOperations(block).filter(({ content }) => !isPre(content));
  return [...new Set(votes.map(({ operation }) => String(operation.json['branch'])))];
}

function isPre({ kind }: Vote | Aggregate): boolean {
  return kind === 'preattestation' || kind === 'preattestations_aggregate';
}

function consensusOperations(block: NodeBlock): readonly ReadVote[] {
  return (block.passes[0] ?? []).map(operation => readVote(block, operation));
}

function readVote(block: NodeBlock, operation: NodeOperation): ReadVote {
  const at: Located = { value: operation.json, source: block.source, path: [operation.hash] };
  const encoding = signedOperation(block.protocol);
  const { branch, contents, signature }: Signed<OwnContent> = encoded(at, () =>
    decode(encoding, encode(encoding, operation.json)),
  );
  return {
    operation,
    unsignedHex: toHex(encode(unsignedOperation(block.protocol), { branch, contents })),
    signature,
    content: contents[0] as Vote | Aggregate,
  };
}

function checkVote(block: NodeBlock, vote: ReadVote, election: Election): VoteCheck {
  const { operation, content } = vote;
  const signatories = signatoriesOf(operation, content);
  const voters = signatories.map(signatory => ({
    dalAttestation: signatory.dalAttestation,
    slot: slotOf(signatory, election),
  }));
  return {
    hash: operation.hash,
    kind: content.kind,
    delegates: signatories.flatMap(({ delegate }) => delegate ?? []),
    agrees: voters.every(hasSlot) && ownHex(block, content, voters, election) === vote.unsignedHex,
    signature:
      vote.signature !== undefined &&
      checkVoteSignature(election, signatories, vote.signature, 'committee' in content),
  };
}

/** The bytes that Meridian would send, or have gathered, for these voters. */
function ownHex(
  block: NodeBlock,
  content: Vote | Aggregate,
  voters: readonly Voter[],
  { ballot }: Election,
): string | undefined {
  const [first] = voters;
  if (first === undefined) return undefined;
  const own = 'committee' in content ? aggregateOf(ballot, voters) : voteOf(ballot, first);
  return toHex(encode(unsignedOperation(block.protocol), own));
}

type SlotOrNone = { readonly slot: Slot | undefined; readonly dalAttestation: string | undefined };

function hasSlot(voter: SlotOrNone): voter is Voter {
  return voter.slot !== undefined;
}

/** The slot that the rights give a delegate; without rights the one that it used. */
function slotOf({ delegate, slot }: Signatory, { rights }: Election): Slot | undefined {
  if (rights === undefined) return slot;
  return delegate && rights.get(delegate)?.slot;
}

function signatoriesOf(operation: NodeOperation, content: Vote | Aggregate): readonly Signatory[] {
  const [metadata] = operation.metadata;
  if (!('committee' in content)) {
    const dalAttestation =
      content.kind === 'attestation_with_dal' ? content.dal_attestation : undefined;
    return [{ slot: content.slot, dalAttestation, ...identityOf(metadata) }];
  }
  const members = metadata && elements(field(metadata, 'committee'));
  return content.committee.map((member, at) => {
    const seat = typeof member === 'number' ? { slot: member } : member;
    return { slot: seat.slot, dalAttestation: seat.dal_attestation, ...identityOf(members?.[at]) };
  });
}

/** Who voted, from what applying the vote added. Aggregates call the key otherwise than votes do. */
function identityOf(metadata: Located | undefined): Pick<Signatory, 'delegate' | 'consensusKey'> {
  const delegate = metadata && optionalField(metadata, 'delegate');
  const key =
    metadata &&
    (optionalField(metadata, 'consensus_key') ?? optionalField(metadata, 'consensus_pkh'));
  const address = (at: Located | undefined) => at && encoded(at, () => publicKeyHash(at.value));
  return { delegate: address(delegate), consensusKey: address(key ?? delegate) };
}
