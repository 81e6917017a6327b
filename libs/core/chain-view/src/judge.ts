import { err, ok, type Result } from '@meridian/prelude';
import type { Preattestation, Proposal, Seat } from '@meridian/tenderbake';
import {
  roundStart,
  type BlockHash,
  type ChainId,
  type Level,
  type Protocol,
} from '@meridian/tezos';
import type { PublicKey, PublicKeyHash, Round, Signature, Slot } from '@meridian/tezos';
import { blockSignBytes, voteModeOf, voteSignBytes } from '@meridian/tezos/forge';
import type { Aggregate, Signed, Unsigned, Vote } from '@meridian/tezos/forge';
import type { NodeFault, Topic } from './messages.ts';
import type { Header } from './read.ts';
import { proposerOf, type Constants, type Rights, type RightsSeat } from './rights.ts';

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
  readonly protocol: Protocol | undefined;
  readonly constants: Constants | undefined;
  readonly headers: ReadonlyMap<BlockHash, Header>;
  readonly rights: ReadonlyMap<Level, Rights>;
  readonly keys: ReadonlyMap<PublicKeyHash, PublicKey>;
};

/** A block or vote is refused for good, or something has to be read before it can be judged. */
export type Obstacle =
  | { readonly kind: 'fault'; readonly code: NodeFault }
  | { readonly kind: 'needs'; readonly topics: readonly Topic[] };

const fault = (code: NodeFault) => err({ kind: 'fault', code } as const);
const needs = (...topics: readonly Topic[]) => err({ kind: 'needs', topics } as const);

/**
 * A block is judged by itself, whoever brought it: it follows its predecessor, its time is the start of its round, and
 * the owner of the round signed it under rights that most nodes agree on.
 * @param operations the operations of its first pass; undefined when the stream does not tell
 */
export function judgeBlock(
  known: Knowledge,
  verifier: Verifier,
  header: Header,
  operations: readonly Signed<Vote | Aggregate>[] | undefined,
): Result<Proposal, Obstacle> {
  const { constants, chainId } = known;
  const { level, round, lockedRound, predecessorRound } = header.fitness;
  const rights = known.rights.get(level);
  const predecessor = known.headers.get(header.predecessor);
  if (constants === undefined) return needs({ kind: 'constants' });
  if (predecessor === undefined) return needs({ kind: 'header', hash: header.predecessor });
  const before = predecessor.fitness;
  if (before.level + 1 !== level || before.round !== predecessorRound) return fault('wrong_level');
  const start = roundStart(
    constants.durations,
    { timestamp: predecessor.timestamp, round: before.round },
    round,
  );
  if (header.timestamp !== start) return fault('wrong_time');
  if (header.stamp > constants.proofOfWorkThreshold) return fault('weak_proof_of_work');
  if (rights === undefined) return needs({ kind: 'rights', level });
  const owner = proposerOf(rights, constants, round);
  if (owner === undefined) return fault('wrong_owner');
  const key = known.keys.get(owner.consensusKey);
  if (key === undefined) return needs(keyTopic(owner));
  const signed = verifier.verify(
    key,
    header.signature,
    blockSignBytes(chainId, header.unsignedBytes),
  );
  if (!signed) return fault('wrong_owner');
  const proposal = proposalOf(header, predecessor);
  if (lockedRound === null) return ok(proposal);
  if (operations === undefined) return needs({ kind: 'operations', hash: header.hash });
  const proof = judgeProof(
    known,
    verifier,
    { ...proposal, round: lockedRound },
    rights,
    operations,
  );
  return proof.ok ? ok({ ...proposal, prequorumRound: lockedRound }) : proof;
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

/** What the votes of a proof have in common: those for the payload of the block in an earlier round. */
type Proven = Proposal & { readonly round: Round };

/** The preattestations in a block prove that its payload had a prequorum in the round that the fitness names. */
function judgeProof(
  known: Knowledge,
  verifier: Verifier,
  proven: Proven,
  rights: Rights,
  operations: readonly Signed<Vote | Aggregate>[],
): Result<undefined, Obstacle> {
  const slots = new Set<Slot>();
  for (const operation of operations) {
    const [content] = operation.contents;
    if (content.kind !== 'preattestation' && content.kind !== 'preattestations_aggregate') continue;
    const of = 'committee' in content ? content.consensus_content : content;
    const same =
      of.level === proven.level &&
      of.round === proven.round &&
      of.block_payload_hash === proven.payloadHash &&
      operation.branch === proven.predecessor.predecessor;
    if (!same) return fault('false_prequorum');
    const voters = 'committee' in content ? content.committee : [content.slot];
    const checked = checkSignature(known, verifier, rights, operation, voters);
    if (!checked.ok) return checked;
    for (const voter of voters) slots.add(voter);
  }
  const power = rights.seats.reduce(
    (sum, seat) => sum + (slots.has(seat.slot) ? seat.power : 0),
    0,
  );
  return power >= rights.threshold ? ok(undefined) : fault('false_prequorum');
}

function checkSignature(
  known: Knowledge,
  verifier: Verifier,
  rights: Rights,
  operation: Signed<Vote | Aggregate>,
  slots: readonly Slot[],
): Result<undefined, Obstacle> {
  const seats = slots.map(each => rights.seats.find(({ slot }) => slot === each));
  if (!seats.every(seat => seat !== undefined) || seats.length === 0) return fault('no_right');
  const keys = seats.map(({ consensusKey }) => known.keys.get(consensusKey));
  if (!keys.every(key => key !== undefined)) {
    const unknown = seats.filter(({ consensusKey }) => !known.keys.has(consensusKey));
    return needs(...unknown.map(keyTopic));
  }
  const [content] = operation.contents;
  const [first] = keys;
  const { signature } = operation;
  if (signature === undefined || first === undefined) return fault('wrong_signature');
  const single =
    'committee' in content
      ? singleOf(operation.branch, content)
      : { branch: operation.branch, contents: [content] as const };
  const bytes = voteSignBytes(known.chainId, single, voteModeOf(first));
  const signed =
    'committee' in content
      ? verifier.verifyAggregate(keys, signature, bytes)
      : verifier.verify(first, signature, bytes);
  return signed ? ok(undefined) : fault('wrong_signature');
}

/** The vote whose signed bytes every member of an aggregate signed. */
function singleOf(branch: BlockHash, { consensus_content }: Aggregate): Unsigned<Vote> {
  const vote = { kind: 'preattestation', slot: 0 as Slot, ...consensus_content } as const;
  return { branch, contents: [vote] };
}

/** Somebody's preattestation counts once the owner of its slot is known to have signed it. */
export function judgeVote(
  known: Knowledge,
  verifier: Verifier,
  operation: Signed<Vote | Aggregate>,
): Result<Preattestation, Obstacle> {
  const [vote] = operation.contents;
  if (vote.kind !== 'preattestation') return fault('no_right');
  const rights = known.rights.get(vote.level);
  if (rights === undefined) return needs({ kind: 'rights', level: vote.level });
  const checked = checkSignature(known, verifier, rights, operation, [vote.slot]);
  if (!checked.ok) return checked;
  const { slot, level, round, block_payload_hash: payloadHash } = vote;
  return ok({ slot, level, round, payloadHash, branch: operation.branch });
}

/** Where the public key of a seat is asked for. */
export function keyTopic({ delegate, consensusKey }: Seat | RightsSeat): Topic {
  return { kind: 'key', delegate, consensusKey };
}
