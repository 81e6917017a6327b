import { toHex } from '@meridian/tezos';
import { blockHeader, decode, rawBlockHeader, rawOperation } from '@meridian/tezos/forge';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import type { ChainBlock } from '../contract.ts';
import { eraAt } from '../eras.ts';
import { levelJson } from './levels.ts';
import { includedOperation, ownerOf, votersOf } from './operation-json.ts';
import type { NodeView } from './view.ts';

/** `header`: shell and protocol part, with what names the block. */
export function headerJson(view: NodeView, block: ChainBlock): object {
  return { ...named(view, block), ...ownHeader(view, block) };
}

/** `header/shell`. */
export function shellJson(block: ChainBlock): object {
  const { protocol_data: _, ...shell } = rawHeader(block);
  return shell;
}

/** `header/raw`. */
export function rawHeaderHex(block: ChainBlock): string {
  return toHex(block.bytes);
}

/** An item of `monitor/heads`. */
export function headItem(block: ChainBlock): object {
  return { hash: block.hash, ...rawHeader(block) };
}

/** An item of `monitor/validated_blocks` and `monitor/applied_blocks`. */
export function blockItem(view: Pick<NodeView, 'chain'>, block: ChainBlock): object {
  return {
    chain_id: view.chain.chainId,
    hash: block.hash,
    header: rawHeader(block),
    operations: block.operations.map(pass => pass.map(({ bytes }) => decode(rawOperation, bytes))),
  };
}

/** A whole block; without `receipts`, operations have no metadata, and the block has its own either way. */
export function blockJson(view: NodeView, block: ChainBlock, receipts: boolean): object {
  return {
    ...named(view, block),
    header: ownHeader(view, block),
    metadata: metadataJson(view, block),
    operations: operationsJson(view, block, receipts),
  };
}

/** `operations`: four passes. */
export function operationsJson(
  view: NodeView,
  block: ChainBlock,
  receipts: boolean,
): readonly (readonly object[])[] {
  return block.operations.map(pass =>
    pass.map(operation => includedOperation(view, block, operation, receipts)),
  );
}

/** `live_blocks`: the block and those before it that an operation may name, in the order of a set. */
export function liveBlocks(view: NodeView, block: ChainBlock): readonly string[] {
  const hashes: string[] = [];
  let next: ChainBlock | undefined = block;
  while (next !== undefined && hashes.length <= view.operationsTtl) {
    hashes.push(next.hash);
    next = next.level === 0 ? undefined : view.chain.block(next.header.predecessor);
  }
  return hashes.sort();
}

/** `metadata`. Balances do not exist here, so nothing is said of them. */
export function metadataJson(view: NodeView, block: ChainBlock): object {
  const proposer = ownerOf(view, block.level, block.header.payload_round);
  const baker = ownerOf(view, block.level, block.round);
  const level = levelJson(view, block.level);
  return {
    ...protocols(view, block),
    ...metadataLimits(view, block),
    proposer: proposer?.delegate,
    baker: baker?.delegate,
    level_info: level,
    voting_period_info: votingPeriod(view, level.level_position),
    nonce_hash: block.header.seed_nonce_hash ?? null,
    deactivated: [],
    balance_updates: [],
    liquidity_baking_toggle_ema: 0,
    ...view.shape.metadataVotes,
    implicit_operations_results: [],
    proposer_consensus_key: proposer && publicKeyHashOf(proposer.consensusKey),
    baker_consensus_key: baker && publicKeyHashOf(baker.consensusKey),
    consumed_milligas: '0',
    dal_attestation: '0',
    ...(view.shape.quorumsInMetadata ? quorums(view, block) : {}),
  };
}

/** `protocols`: the one that applied the block, and the one that will apply the next. */
export function protocols({ chain }: NodeView, { level }: ChainBlock): object {
  const hashAt = (at: number): string => eraAt(chain.options, at).protocol.hash;
  return { protocol: hashAt(level), next_protocol: hashAt(level + 1) };
}

/** The level from which all bakers attest, or null. */
export function allBakersAttestLevel(view: NodeView): object | null {
  return view.chain.options.allBakersAttest ? levelJson(view, 1) : null;
}

function named(view: NodeView, { hash }: ChainBlock): object {
  return { protocol: view.era.protocol.hash, chain_id: view.chain.chainId, hash };
}

/** Read back from the bytes, so that names and order are those of the wire. */
function ownHeader(view: NodeView, block: ChainBlock): object {
  return decode(blockHeader(view.era.protocol), block.bytes);
}

function rawHeader(block: ChainBlock): { readonly protocol_data: string } & object {
  return decode(rawBlockHeader, block.bytes);
}

/** Source: proto_025_PsUshuai/lib_protocol/main.ml and the recorded blocks; the same in 023 to 025. */
function metadataLimits(view: NodeView, { level }: ChainBlock): object {
  return {
    test_chain_status: { status: 'not_running' },
    max_operations_ttl: Math.min(level, view.operationsTtl),
    max_operation_data_length: 32_768,
    max_block_header_length: 289,
    max_operation_list_length: [
      { max_size: 4_194_304, max_op: 2_048 },
      { max_size: 32_768 },
      { max_size: 135_168, max_op: 132 },
      { max_size: 524_288 },
    ],
  };
}

const CYCLES_PER_VOTING_PERIOD = 8;

/** Nobody votes on a proposal here: one period after the other. */
function votingPeriod(view: NodeView, position: number): object {
  const length = view.chain.options.blocksPerCycle * CYCLES_PER_VOTING_PERIOD;
  const index = Math.floor(position / length);
  const passed = position % length;
  return {
    voting_period: { index, kind: 'proposal', start_position: index * length },
    position: passed,
    remaining: length - 1 - passed,
  };
}

function quorums(view: NodeView, block: ChainBlock): object {
  return {
    all_bakers_attest_activation_level: allBakersAttestLevel(view),
    attestations: recorded(view, block, block.level - 1, /^attestation/),
    preattestations: recorded(view, block, block.level, /^preattestation/),
  };
}

/** The power of the votes of a level that a block has; null when it has none. */
function recorded(view: NodeView, block: ChainBlock, level: number, kinds: RegExp): object | null {
  const votes = (block.operations[0] ?? []).filter(({ value }) =>
    kinds.test(value.contents[0].kind),
  );
  if (votes.length === 0) return null;
  const { committee, threshold } = view.chain.rights(level);
  const power = votes
    .flatMap(vote => votersOf(view, vote))
    .reduce((sum, seat) => sum + seat.power, 0);
  return {
    total_committee_power: committee.toString(),
    threshold: threshold.toString(),
    recorded_power: power.toString(),
  };
}
