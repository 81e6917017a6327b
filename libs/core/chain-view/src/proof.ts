import { err, ok, type Result } from '@meridian/prelude';
import type { Proposal } from '@meridian/tenderbake';
import type { Round, Slot } from '@meridian/tezos';
import type { Aggregate, Signed, Vote } from '@meridian/tezos/forge';
import { fault, isSigned, keysOf, needs } from './judge.ts';
import type { Knowledge, Obstacle, Verifier } from './judge.ts';
import type { NodeFault } from './messages.ts';
import { readOperations, rootOf, type Header } from './read.ts';
import { thresholdOf } from './rights.ts';
import { rightsTopic } from './state.ts';

/** What a node says is in a block: as it came, read once somebody needs it, or found to be no proof. */
export type Proof =
  | { readonly kind: 'lists'; readonly lists: readonly unknown[] }
  | { readonly kind: 'read'; readonly operations: readonly Signed<Vote | Aggregate>[] }
  | { readonly kind: 'refused' };

/** A block whose header is good, with the round whose prequorum it claims to carry. */
export type Locked = {
  readonly header: Header;
  readonly proposal: Proposal;
  readonly round: Round;
};

/**
 * Judges what one node says is in a block. Nothing in it is part of the header, so it speaks against the node alone.
 * What has been read comes back, also where keys are missing: a pass of hundreds of votes is read once.
 */
export function judgeProof(
  known: Knowledge,
  verifier: Verifier,
  locked: Locked,
  proof: Exclude<Proof, { readonly kind: 'refused' }>,
): readonly [Proof, Result<undefined, Obstacle>] {
  const read = proof.kind === 'read' ? ok(proof.operations) : readProof(locked, proof.lists);
  if (!read.ok) return [{ kind: 'refused' }, fault(read.error)];
  const verdict = judgeVotes(known, verifier, locked, read.value);
  const isBad = !verdict.ok && verdict.error.kind === 'fault';
  return [isBad ? { kind: 'refused' } : { kind: 'read', operations: read.value }, verdict];
}

/**
 * The operations of the first pass. Where all passes are there, the header binds them: made-up ones cost a hash then,
 * and not a signature for each member of the committee.
 */
function readProof(
  { header }: Locked,
  lists: readonly unknown[],
): Result<readonly Signed<Vote | Aggregate>[], NodeFault> {
  const root = lists.length === header.passes ? rootOf(lists) : undefined;
  if (root !== undefined && root !== header.operationsHash) return err('false_prequorum');
  const operations = readOperations(lists[0]);
  return operations === undefined ? err('unreadable') : ok(operations);
}

/** The preattestations in a block prove that its payload had a prequorum in the round that the fitness names. */
function judgeVotes(
  known: Knowledge,
  verifier: Verifier,
  { proposal, round }: Locked,
  operations: readonly Signed<Vote | Aggregate>[],
): Result<undefined, Obstacle> {
  const rights = known.rights.get(proposal.level);
  const terms = known.terms.get(proposal.predecessor.proto);
  if (rights === undefined || terms === undefined) {
    return needs(rightsTopic(known, proposal.level));
  }
  const votes = operations.flatMap(operation => {
    const [content] = operation.contents;
    if (content.kind === 'preattestation') {
      return [{ operation, of: content, slots: [content.slot] }];
    }
    return content.kind === 'preattestations_aggregate'
      ? [{ operation, of: content.consensus_content, slots: content.committee }]
      : [];
  });
  const isOwn = votes.every(
    ({ operation: { branch }, of }) =>
      of.level === proposal.level &&
      of.round === round &&
      of.block_payload_hash === proposal.payloadHash &&
      branch === proposal.predecessor.predecessor,
  );
  const voters = new Set<Slot>(votes.flatMap(({ slots }) => slots));
  const power = rights.seats.reduce(
    (sum, seat) => sum + (voters.has(seat.slot) ? seat.power : 0),
    0,
  );
  if (!isOwn || power < thresholdOf(rights, terms.constants)) return fault('false_prequorum');
  const keys = keysOf(known, rights, [...voters]);
  if (!keys.ok) return keys;
  for (const { operation, slots } of votes) {
    const signers = keysOf(known, rights, slots);
    if (!signers.ok) return signers;
    const { chainId } = known;
    if (!isSigned(chainId, verifier, operation, signers.value)) return fault('wrong_signature');
  }
  return ok(undefined);
}
