import { decode, signedOperation, type Aggregate, type Evidence } from '@meridian/tezos/forge';
import type { Signed, Vote } from '@meridian/tezos/forge';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import type { Protocol } from '@meridian/tezos';
import { unreachable } from '@meridian/prelude';
import type { ChainBlock, ChainOperation, Seat } from '../contract.ts';
import { ownerOf as proposerOf, seatAt as seatOf } from '../rights.ts';
import type { NodeView } from './view.ts';

type Content = Vote | Aggregate | Evidence;

/** An operation as bytes read back print it: in the order of the bytes, its signature without a curve. */
function printed(protocol: Protocol, operation: ChainOperation): Signed<Content> {
  return decode(signedOperation(protocol), operation.bytes);
}

/** An element of `mempool/monitor_operations`. */
export function monitoredOperation(protocol: Protocol, operation: ChainOperation): object {
  const { hash } = operation;
  return { hash, protocol: protocol.hash, ...printed(protocol, operation) };
}

/** An element of a class of `mempool/pending_operations`. */
export function pendingOperation(view: NodeView, operation: ChainOperation): object {
  return { hash: operation.hash, ...printed(view.era.protocol, operation) };
}

/** An operation inside a block; `receipts` says whether with metadata. */
export function includedOperation(
  view: NodeView,
  block: ChainBlock,
  operation: ChainOperation,
  receipts: boolean,
): object {
  const { branch, contents, ...signature } = printed(view.era.protocol, operation);
  const shown = contents.map(content =>
    receipts ? { ...content, metadata: receipt(view, block, operation, content) } : content,
  );
  const head = {
    protocol: view.era.protocol.hash,
    chain_id: view.chain.chainId,
    hash: operation.hash,
  };
  return { ...head, branch, contents: shown, ...signature };
}

function receipt(
  view: NodeView,
  block: ChainBlock,
  operation: ChainOperation,
  content: Content,
): object {
  switch (content.kind) {
    case 'preattestation':
    case 'attestation':
    case 'attestation_with_dal': {
      const seat = seatAt(view, content.level, content.slot);
      return seat === undefined
        ? {}
        : {
            delegate: seat.delegate,
            consensus_power: power(view, [seat]),
            consensus_key: publicKeyHashOf(seat.consensusKey),
          };
    }
    case 'preattestations_aggregate':
    case 'attestations_aggregate':
      return aggregateReceipt(view, content);
    case 'double_consensus_operation_evidence':
    case 'double_baking_evidence':
      return evidenceReceipt(view, block, operation);
    default:
      return unreachable(content);
  }
}

/** The seat that votes with a slot at a level. */
function seatAt(view: NodeView, level: number, slot: number): Seat | undefined {
  return seatOf(view.chain.rights(level), slot);
}

/** Whose votes an operation holds; nobody's for a denunciation. */
export function votersOf(view: NodeView, { value }: ChainOperation): readonly Seat[] {
  const [content] = value.contents;
  if ('slot' in content && 'level' in content) {
    return [seatAt(view, content.level, content.slot)].filter(seat => seat !== undefined);
  }
  return 'committee' in content ? seatsOf(view, content) : [];
}

function seatsOf(view: NodeView, { consensus_content, committee }: Aggregate): readonly Seat[] {
  return committee
    .map(member => (typeof member === 'number' ? member : member.slot))
    .map(slot => seatAt(view, consensus_content.level, slot))
    .filter(seat => seat !== undefined);
}

function aggregateReceipt(view: NodeView, aggregate: Aggregate): object {
  const seats = seatsOf(view, aggregate);
  return {
    committee: seats.map(seat => ({
      delegate: seat.delegate,
      consensus_pkh: publicKeyHashOf(seat.consensusKey),
      consensus_power: power(view, [seat]),
    })),
    total_consensus_power: power(view, seats),
  };
}

/** Lottery slots and, where all bakers attest, power by stake. */
function power(view: NodeView, seats: readonly Seat[]): unknown {
  const sum = (of: (seat: Seat) => number): number =>
    seats.reduce((total, seat) => total + of(seat), 0);
  const slots = sum(({ rounds }) => rounds.length);
  if (view.shape.consensusPower === 'integer') return slots;
  const byStake = view.chain.options.allBakersAttest;
  return { slots, baking_power: byStake ? sum(seat => seat.power).toString() : null };
}

/** Source: double_evidence receipts of 024 and 025, as evidence.ndjson has them. */
function evidenceReceipt(view: NodeView, block: ChainBlock, { value }: ChainOperation): object {
  const [content] = value.contents;
  const baker = ownerOf(view, block.level, block.round)?.delegate;
  if (content.kind === 'double_baking_evidence') {
    const { level, fitness } = content.bh1;
    const round = Number.parseInt(fitness[4] ?? '0', 16);
    const punished = ownerOf(view, level, round)?.delegate;
    return punishment(punished, baker, { level, round, kind: 'block' });
  }
  if (content.kind !== 'double_consensus_operation_evidence') return {};
  const { operations } = content.op1 as { readonly operations: Vote | Aggregate };
  const slot = (content as { readonly slot?: number }).slot ?? 0;
  const { level, round } =
    'consensus_content' in operations ? operations.consensus_content : operations;
  const kind = operations.kind.startsWith('pre') ? 'preattestation' : 'attestation';
  return punishment(seatAt(view, level, slot)?.delegate, baker, { level, round, kind });
}

function punishment(
  punished: string | undefined,
  rewarded: string | undefined,
  misbehaviour: object,
): object {
  return { punished_delegate: punished, rewarded_delegate: rewarded, misbehaviour };
}

/** Who proposes a round of a level. */
export function ownerOf(view: NodeView, level: number, round: number): Seat | undefined {
  return proposerOf(view.chain.rights(level), round % view.chain.options.committeeSize);
}
