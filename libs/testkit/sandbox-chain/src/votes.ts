import { assert, err, ok, type Result } from '@meridian/prelude';
import {
  TezosError,
  type BlockHash,
  type ChainId,
  type OperationHash,
  type Protocol,
  type PublicKeyHash,
  type SecretKey,
} from '@meridian/tezos';
import { aggregateSignatures } from '@meridian/tezos/crypto';
import { attachSignature, decode, encode, operationShell } from '@meridian/tezos/forge';
import { signedOperation, unsignedOperation, unsignedVote } from '@meridian/tezos/forge';
import { voteModeOf, voteSignBytes, type Unsigned, type Vote } from '@meridian/tezos/forge';
import { hashOperation } from '@meridian/tezos/hash';
import type { ChainBlock, ChainOperation, LevelRights, Rejection, Seat } from './contract.ts';
import { seatAt } from './rights.ts';
import { sign, verify } from './signatures.ts';

/** A vote that the chain holds. */
export type ChainVote = ChainOperation & { readonly vote: Vote; readonly branch: BlockHash };

/** The two kinds that are counted apart. */
export type VoteKind = 'preattestation' | 'attestation';

/** The kind that a vote counts as. */
export function kindOf(vote: Vote): VoteKind {
  return vote.kind === 'preattestation' ? 'preattestation' : 'attestation';
}

/** A robot's vote for a block. */
export function castVote(
  chainId: ChainId,
  protocol: Protocol,
  kind: VoteKind,
  block: ChainBlock,
  branch: BlockHash,
  seat: Seat,
  secret: SecretKey,
): ChainVote {
  const { level, round, payloadHash } = block;
  const content = {
    kind,
    slot: seat.attestationSlot,
    level,
    round,
    block_payload_hash: payloadHash,
  };
  const unsigned: Unsigned<Vote> = { branch, contents: [content] };
  const signature = sign(secret, voteSignBytes(chainId, unsigned, voteModeOf(seat.consensusKey)));
  const bytes = attachSignature(encode(unsignedVote, unsigned), signature);
  return { ...operationOf(protocol, bytes), vote: content, branch };
}

/** An operation from its bytes. */
export function operationOf(protocol: Protocol, bytes: Uint8Array): ChainOperation {
  const value = decode(signedOperation(protocol), bytes) as ChainOperation['value'];
  return { hash: hashOperation(bytes), bytes, value };
}

/** What of a block's past a mempool looks at. */
export type MempoolView = {
  readonly chainId: ChainId;
  readonly protocol: Protocol;
  readonly headLevel: number;
  /** The blocks that an operation may name as its branch. */
  readonly liveBlocks: ReadonlySet<BlockHash>;
  readonly isKnown: (branch: BlockHash) => boolean;
  /** Whether a live block holds the operation. */
  readonly isIncluded: (hash: OperationHash) => boolean;
  /** Whether the head forbids a delegate to vote. */
  readonly isForbidden: (delegate: PublicKeyHash) => boolean;
  readonly rights: (level: number) => LevelRights;
};

/**
 * What a mempool says of an operation before it looks for conflicts. Round and payload are not looked at, as in a real
 * node: a wrong vote is passed on. Source of texts: recorded answers of Octez 25.1.
 */
export function validate(
  view: MempoolView,
  hash: OperationHash,
  bytes: Uint8Array,
): Result<ChainVote, Rejection> {
  const operation = tried(() => operationOf(view.protocol, bytes));
  const shell = tried(() => decode(operationShell, bytes.subarray(0, 32)));
  if (operation === undefined || shell === undefined) {
    const text = `Invalid operation ${hash}: \nError:\n  Operation parsing error in prevalidation.\n`;
    return err(plain('node.prevalidation.parse_error', 'refused', text));
  }
  const { branch } = shell;
  if (!view.isKnown(branch)) {
    const text = `Unknown branch (${branch.slice(0, 12)}), cannot inject the operation.`;
    return err(plain('unknown_branch', 'refused', text));
  }
  if (!view.liveBlocks.has(branch)) {
    // Not how old this branch is: how many blocks are live.
    const age = view.liveBlocks.size.toString();
    const text = `Operation ${hash} is branched on either:\n - a block ${branch} which is too old (${age} blocks in the past)\n - a predecessor block from an alternative branch which is now unknown`;
    return err(plain('too_old_branch', 'refused', text));
  }
  const [content] = operation.value.contents;
  if ('committee' in content) {
    const why = 'Aggregate operations are not allowed in a mempool';
    return rejected(hash, 'validate.aggregate_operation_not_allowed_in_mempool', 'refused', why);
  }
  if (!('slot' in content) || !('level' in content)) {
    return rejected(hash, 'prefilter.wrong_operation', 'refused', 'Operation filtered out');
  }
  const placed = checkPlace(view, { ...operation, vote: content, branch });
  return placed.ok ? checkSignature(view, placed.value) : placed;
}

/** Whether a vote is for a level of now, from somebody who has a seat there. */
export function checkPlace(view: MempoolView, operation: ChainVote): Result<ChainVote, Rejection> {
  const { vote, hash } = operation;
  const name = vote.kind === 'preattestation' ? 'Preattestation' : 'Attestation';
  const [lowest, highest] = [Math.max(view.headLevel - 1, 0), view.headLevel + 1];
  const levels = { kind: name, provided: vote.level };
  if (vote.level < lowest) {
    const why = `${name} for old level (expected: ${lowest.toString()}, provided: ${vote.level.toString()}).`;
    const fields = { ...levels, expected: lowest };
    return rejected(hash, 'validate.consensus_operation_for_old_level', 'outdated', why, fields);
  }
  if (vote.level > highest) {
    const why = `${name} for future level (expected: ${highest.toString()}, provided: ${vote.level.toString()}).`;
    const fields = { ...levels, expected: highest };
    return rejected(
      hash,
      'validate.consensus_operation_for_future_level',
      'branch_delayed',
      why,
      fields,
    );
  }
  const seat = seatAt(view.rights(vote.level), vote.slot);
  if (seat === undefined) {
    const why = `Wrong slot used for a ${name}.`;
    return rejected(hash, 'validate.wrong_slot_for_consensus_operation', 'refused', why, {
      kind: name,
    });
  }
  if (view.isForbidden(seat.delegate)) {
    const why = `Delegate ${seat.delegate} has committed too many misbehaviours; it is temporarily not allowed to bake/preattest/attest.`;
    const fields = { delegate: seat.delegate };
    return rejected(hash, 'validate.temporarily_forbidden_delegate', 'refused', why, fields);
  }
  if (vote.kind === 'attestation_with_dal' && vote.dal_attestation !== '0') {
    // This chain publishes no DAL slots, so there is nothing that could be attested.
    const why = `DAL content of the attestation is ${vote.dal_attestation} which is not a valid representation of a DAL attestation.`;
    return rejected(hash, 'dal_invalid_attestation_bitset', 'refused', why);
  }
  return ok(operation);
}

function checkSignature(view: MempoolView, operation: ChainVote): Result<ChainVote, Rejection> {
  const { vote, hash, branch, value } = operation;
  const { signature } = value;
  const seat = seatAt(view.rights(vote.level), vote.slot);
  assert(seat !== undefined, 'the place of a vote is checked before its signature');
  if (signature === undefined) {
    const why = 'The operation requires a signature';
    return rejected(hash, 'operation.missing_signature', 'refused', why);
  }
  const unsigned: Unsigned<Vote> = { branch, contents: [vote] };
  const signed = voteSignBytes(view.chainId, unsigned, voteModeOf(seat.consensusKey));
  if (!verify(seat.consensusKey, signature, signed)) {
    const why = 'The operation signature is invalid';
    return rejected(hash, 'operation.invalid_signature', 'refused', why);
  }
  return ok(operation);
}

/** Another operation of the same slot, level and round is in the mempool already. */
export function conflict(hash: string, vote: Vote, existing: string): Rejection {
  const kind = vote.kind === 'preattestation' ? 'Preattestation' : 'Attestation';
  const why = `The operation ${hash} cannot be added because the mempool already contains a conflicting operation. The pre-existing operation cannot be replaced with the new one, even if fees were increased. Try again after the next block has been baked.`;
  const id = 'validate.double_inclusion_of_consensus_operation';
  const fields = { kind, conflict: { existing, new_operation: hash } };
  return { id, class: 'branch_delayed', message: words(hash, why), fields };
}

function rejected(
  hash: string,
  id: string,
  of: Rejection['class'],
  why: string,
  fields: Rejection['fields'] = {},
): Result<never, Rejection> {
  return err({ id, class: of, message: words(hash, why), fields });
}

function words(hash: string, why: string): string {
  return `Error while validating injected operation ${hash}:\nError:\n  ${why}\n`;
}

function plain(id: string, of: Rejection['class'], message: string): Rejection {
  return { id, class: of, message, fields: {} };
}

function tried<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TezosError) return undefined;
    throw error;
  }
}

/** Votes of one block as they stand in the next: those under tz4 keys under one signature. */
export function aggregated(
  protocol: Protocol,
  votes: readonly ChainVote[],
): readonly ChainOperation[] {
  const isSingle = ({ value }: ChainVote) => value.signature?.startsWith('BLsig') !== true;
  const singles = votes.filter(isSingle);
  const all = votes.filter(each => !isSingle(each));
  const [first] = all;
  if (first === undefined) return singles;
  const { level, round, block_payload_hash } = first.vote;
  const shared = { level, round, block_payload_hash };
  const slots = all.map(({ vote }) => vote.slot).sort((one, other) => one - other);
  const content =
    kindOf(first.vote) === 'preattestation'
      ? { kind: 'preattestations_aggregate', consensus_content: shared, committee: slots }
      : {
          kind: 'attestations_aggregate',
          consensus_content: shared,
          committee: slots.map(slot => ({ slot })),
        };
  // A vote without one is single, see above.
  type BlsSignature = Parameters<typeof aggregateSignatures>[0][number];
  const sum = aggregateSignatures(all.map(({ value }) => value.signature as BlsSignature));
  const unsigned = encode(unsignedOperation(protocol), {
    branch: first.branch,
    contents: [content],
  });
  return [operationOf(protocol, attachSignature(unsigned, sum)), ...singles];
}
