import { err, ok, type Result } from '@meridian/prelude';
import type { Proposal, Seat } from '@meridian/tenderbake';
import { roundStart, type BlockHash, type ChainId, type Level } from '@meridian/tezos';
import type { PublicKey, PublicKeyHash, Signature, Slot } from '@meridian/tezos';
import { blockSignBytes, voteModeOf, voteSignBytes } from '@meridian/tezos/forge';
import type { Aggregate, Signed, Unsigned, Vote } from '@meridian/tezos/forge';
import type { NodeFault, Topic } from './messages.ts';
import type { Header } from './read.ts';
import { proposerOf, type Rights, type RightsSeat } from './rights.ts';
import { rightsTopic } from './state.ts';
import { termsTopics, type Migration, type Terms } from './terms.ts';

/** How signatures are checked; given, since the fastest way is no pure one. */
export type Verifier = {
  readonly verify: (key: PublicKey, signature: Signature, bytes: Uint8Array) => boolean;
  readonly verifyAggregate: (
    keys: readonly PublicKey[],
    signature: Signature,
    bytes: Uint8Array,
  ) => boolean;
};

/** What blocks and votes are judged by. */
export type Knowledge = {
  readonly chainId: ChainId;
  /** What was agreed on, by protocol counter. */
  readonly terms: ReadonlyMap<number, Terms>;
  /** The counter of the protocol under which blocks are made, up to the migration block if there is one. */
  readonly proto: number | undefined;
  readonly migration: Migration | undefined;
  readonly headers: ReadonlyMap<BlockHash, Header>;
  readonly rights: ReadonlyMap<Level, Rights>;
  readonly keys: ReadonlyMap<PublicKeyHash, PublicKey>;
};

/** A block or vote is refused for good, or something has to be read before it can be judged. */
export type Obstacle =
  | { readonly kind: 'fault'; readonly code: NodeFault }
  | { readonly kind: 'needs'; readonly topics: readonly Topic[] };

/** What was said is not believed. */
export const fault = (code: NodeFault) => err({ kind: 'fault', code } as const);
/** Something has to be read first. */
export const needs = (...topics: readonly Topic[]) => err({ kind: 'needs', topics } as const);

/**
 * A header is judged by itself, whoever brought it: it follows its predecessor, its time is the start of its round, and
 * the owner of the round signed it under rights that most nodes agree on. The proof of a locked round is no part of it:
 * all of a header is under its hash, so that a bad one is bad whoever brings it. Under a protocol that nobody here
 * knows it waits, and nothing that nodes say helps.
 */
export function judgeHeader(
  known: Knowledge,
  verifier: Verifier,
  header: Header,
  predecessor: Header | undefined,
): Result<Proposal, Obstacle> {
  const { level, round, predecessorRound } = header.fitness;
  const rights = known.rights.get(level);
  if (predecessor === undefined) return needs(...predecessorTopics(known, header));
  const before = predecessor.fitness;
  if (before.level + 1 !== level || before.round !== predecessorRound) return fault('wrong_level');
  const terms = known.terms.get(predecessor.proto);
  if (terms === undefined) return needs(...termsTopics(predecessor.hash));
  const { protocol, constants } = terms;
  if (protocol === undefined) return needs();
  const start = roundStart(
    constants.durations,
    { timestamp: predecessor.timestamp, round: before.round },
    round,
  );
  if (header.timestamp !== start) return fault('wrong_time');
  if (header.stamp > constants.proofOfWorkThreshold) return fault('weak_proof_of_work');
  if (rights === undefined) return needs(rightsOfBlock(known, level, predecessor));
  const owner = proposerOf(rights, constants, round);
  if (owner === undefined) return fault('wrong_owner');
  const key = known.keys.get(owner.consensusKey);
  if (key === undefined) return needs(keyTopic(owner));
  const signed = verifier.verify(
    key,
    header.signature,
    blockSignBytes(known.chainId, header.unsignedBytes),
  );
  return signed ? ok(proposalOf(header, predecessor)) : fault('wrong_owner');
}

/**
 * Where a block's rights are asked for: where its protocol has just begun the head may not speak of it yet, and its
 * predecessor does, whichever of several migration blocks the chain went on from.
 */
function rightsOfBlock({ migration }: Knowledge, level: Level, { proto, hash }: Header): Topic {
  return migration?.proto === proto ? { kind: 'rights', level, hash } : { kind: 'rights', level };
}

/** A view that knows nothing yet asks for all that a block needs at once: it has a vote to cast. */
function predecessorTopics(known: Knowledge, { predecessor: hash, fitness }: Header): Topic[] {
  const header: Topic = { kind: 'header', hash };
  if (known.terms.size > 0) return [header];
  return [header, ...termsTopics(hash), rightsTopic(known, fitness.level)];
}

function proposalOf(header: Header, predecessor: Header): Proposal {
  const { hash, payloadHash, timestamp, proto, fitness } = header;
  const { level, round } = fitness;
  const before = {
    hash: predecessor.hash,
    timestamp: predecessor.timestamp,
    round: predecessor.fitness.round,
    proto: predecessor.proto,
    predecessor: predecessor.predecessor,
  };
  return {
    hash,
    level,
    round,
    payloadHash,
    timestamp,
    proto,
    predecessor: before,
    prequorumRound: null,
  };
}

/** The keys of the owners of some slots; all that are not known yet are asked for together. */
export function keysOf(
  known: Knowledge,
  rights: Rights,
  slots: readonly Slot[],
): Result<readonly PublicKey[], Obstacle> {
  const seats = slots.map(each => rights.seats.find(({ slot }) => slot === each));
  if (!seats.every(seat => seat !== undefined)) return fault('no_right');
  const keys = seats.map(({ consensusKey }) => known.keys.get(consensusKey));
  if (keys.every(key => key !== undefined)) return ok(keys);
  const unknown = seats.filter(({ consensusKey }) => !known.keys.has(consensusKey));
  return needs(...unknown.map(keyTopic));
}

/** Whether the owners of all these keys signed a vote. */
export function isSigned(
  chainId: ChainId,
  verifier: Verifier,
  operation: Signed<Vote | Aggregate>,
  keys: readonly PublicKey[],
): boolean {
  const [content] = operation.contents;
  const [first] = keys;
  const { signature } = operation;
  if (signature === undefined || first === undefined) return false;
  const single =
    'committee' in content
      ? singleOf(operation.branch, content)
      : { branch: operation.branch, contents: [content] as const };
  const bytes = voteSignBytes(chainId, single, voteModeOf(first));
  return 'committee' in content
    ? verifier.verifyAggregate(keys, signature, bytes)
    : verifier.verify(first, signature, bytes);
}

/** The vote whose signed bytes every member of an aggregate signed. */
function singleOf(branch: BlockHash, { consensus_content }: Aggregate): Unsigned<Vote> {
  const vote = { kind: 'preattestation', slot: 0 as Slot, ...consensus_content } as const;
  return { branch, contents: [vote] };
}

/** Where the public key of a seat is asked for. */
export function keyTopic({ delegate, consensusKey }: Seat | RightsSeat): Topic {
  return { kind: 'key', delegate, consensusKey };
}
