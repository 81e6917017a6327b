import { assert, duration, err, instant, later, ok } from '@meridian/prelude';
import { level, PROTOCOLS, round, slot, toBase58 } from '@meridian/tezos';
import {
  writeFitness,
  type BlockHash,
  type ChainId,
  type PayloadHash,
  type Protocol,
} from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { blockHeader, decode, encode, signedOperation } from '@meridian/tezos/forge';
import { hashBlock, hashOperation, hashOperationListList } from '@meridian/tezos/hash';
import type { ChainBlock, ChainEvent, ChainOperation, ChainOptions } from '../contract.ts';
import type { Rejection, SandboxChain, Seat } from '../contract.ts';

/** A chain for tests that moves only by hand: nobody signs, nothing is judged, and time stands still. */
export type HandChain = SandboxChain & {
  /** Puts a block of some round on the head and says what a node hears of it. */
  readonly grow: (atRound?: number) => readonly ChainEvent[];
  /** A vote for the head that lies in the mempool from now on. */
  readonly vote: (kind?: 'preattestation' | 'attestation') => ChainEvent;
  /** Such a vote that nobody has heard of. */
  readonly unsentVote: (kind?: 'preattestation' | 'attestation') => ChainOperation;
};

/** What differs between the chains of the tests. */
export type HandOptions = { readonly protocol?: string; readonly allBakersAttest?: boolean };

const GENESIS_SECONDS = 1_800_000_000;
const BLOCK_SECONDS = 2;
const COMMITTEE = 16;
const AT = instant(GENESIS_SECONDS * 1_000);

/** The seats of every level: a tz1, and a tz4 with less. */
export const SEATS: readonly Seat[] = [seat('tz1', 0, 11), seat('tz4', 11, COMMITTEE)];

function seat(address: 'tz1' | 'tz4', from: number, to: number): Seat {
  const consensusKey = publicKeyOf(secretKeyOfSeed(address, new Uint8Array(32).fill(1)));
  const rounds = Array.from({ length: to - from }, (_, at) => from + at);
  const delegate = publicKeyHashOf(consensusKey);
  return { delegate, consensusKey, rounds, attestationSlot: slot(from), power: rounds.length };
}

/** A chain of nothing but its genesis block. */
export function handChain({
  protocol = '025',
  allBakersAttest = false,
}: HandOptions = {}): HandChain {
  const row = PROTOCOLS.find(({ number }) => number === protocol);
  assert(row !== undefined, 'a test names a protocol');
  const genesis = makeBlock(row, undefined, 0, []);
  const blocks = new Map<BlockHash, ChainBlock>([[genesis.hash, genesis]]);
  let main: readonly ChainBlock[] = [genesis];
  let mempool: readonly ChainOperation[] = [];
  let injected: readonly ChainEvent[] = [];
  const head = (): ChainBlock => main.at(-1) ?? genesis;
  const hold = (operation: ChainOperation): ChainEvent => {
    mempool = [...mempool, operation];
    return { kind: 'operation', at: AT, operation };
  };
  return {
    options: optionsOf(row, allBakersAttest),
    chainId: 'NetXdQprcVkpaWU' as ChainId,
    genesis,
    nextWake: () => later(AT, duration(A_LONG_TIME_MS)),
    advanceTo: () => {
      const events = injected;
      injected = [];
      return events;
    },
    inject: (_at, bytes) => {
      const operation = operationOf(row, bytes);
      const [content] = operation.value.contents;
      if (!('slot' in content) || !('level' in content) || content.level !== head().level) {
        return err(NO_SUCH_VOTE);
      }
      injected = [...injected, hold(operation)];
      return ok(operation.hash);
    },
    head,
    block: hash => blocks.get(hash),
    atLevel: at => main[at],
    rights: at => ({ level: level(at), threshold: 11, committee: COMMITTEE, seats: SEATS }),
    mempool: () => mempool,
    liveBlocks: () => main.map(({ hash }) => hash),
    participation: () => ({ missedLevels: 1, missedSlots: 11 }),
    takeVerdicts: () => [],
    doubleSignings: () => [],
    grow: (atRound = 0) => {
      const votes = main.length > 1 ? [voteFor(row, head(), 'attestation')] : [];
      const block = makeBlock(row, head(), atRound, votes);
      blocks.set(block.hash, block);
      main = [...main, block];
      mempool = [];
      return [
        { kind: 'validated', at: AT, block },
        { kind: 'head', at: AT, block },
      ];
    },
    vote: (kind = 'attestation') => hold(voteFor(row, head(), kind)),
    unsentVote: (kind = 'attestation') => voteFor(row, head(), kind),
  };
}

const A_LONG_TIME_MS = 3_600_000;

const NO_SUCH_VOTE: Rejection = {
  id: 'validate.consensus_operation_not_allowed',
  class: 'branch_refused',
  message: 'no such vote',
  fields: {},
};

function optionsOf(protocol: Protocol, allBakersAttest: boolean): ChainOptions {
  return {
    ...{ seed: 1, protocol, genesisTime: AT, committeeSize: COMMITTEE, blocksPerCycle: 8 },
    minimalBlockDelay: duration(BLOCK_SECONDS * 1_000),
    delayIncrementPerRound: duration(1_000),
    allBakersAttest,
    robots: { tz1: 0, tz2: 0, tz3: 0, tz4: 0 },
    guests: [],
    latency: { min: duration(0), max: duration(0) },
    script: [],
  };
}

/** A vote of the first seat that nobody signed. */
function voteFor(
  protocol: Protocol,
  { hash, level: votedLevel, round: votedRound, payloadHash }: ChainBlock,
  kind: 'preattestation' | 'attestation',
): ChainOperation {
  const content = { kind, slot: SEATS[0]?.attestationSlot, level: votedLevel };
  const contents = [{ ...content, round: votedRound, block_payload_hash: payloadHash }];
  const signature = toBase58('sig', new Uint8Array(64).fill(9));
  const signed = { branch: hash, contents, signature };
  return operationOf(protocol, encode(signedOperation(protocol), signed));
}

function operationOf(protocol: Protocol, bytes: Uint8Array): ChainOperation {
  const value = decode(signedOperation(protocol), bytes) as ChainOperation['value'];
  return { hash: hashOperation(bytes), bytes, value };
}

function makeBlock(
  protocol: Protocol,
  before: ChainBlock | undefined,
  atRound: number,
  votes: readonly ChainOperation[],
): ChainBlock {
  const height = (before?.level ?? -1) + 1;
  const hash32 = new Uint8Array(32).fill(height);
  const payloadHash: PayloadHash = toBase58('payloadHash', hash32);
  const operations = [votes, [], [], []];
  const bytes = encode(blockHeader(protocol), {
    level: height,
    proto: 1,
    predecessor: before?.hash ?? toBase58('blockHash', new Uint8Array(32)),
    timestamp: new Date((GENESIS_SECONDS + height * BLOCK_SECONDS) * 1_000)
      .toISOString()
      .replace('.000', ''),
    validation_pass: 4,
    operations_hash: hashOperationListList(operations.map(pass => pass.map(({ hash }) => hash))),
    fitness: writeFitness({
      level: level(height),
      lockedRound: null,
      predecessorRound: before?.round ?? round(0),
      round: round(atRound),
    }),
    context: toBase58('contextHash', hash32),
    payload_hash: payloadHash,
    payload_round: atRound,
    proof_of_work_nonce: '0000000000000000',
    liquidity_baking_toggle_vote: 'pass',
    ...(protocol.number === '023' ? { adaptive_issuance_vote: 'pass' } : {}),
    signature: toBase58('sig', new Uint8Array(64).fill(3)),
  });
  const header = decode(blockHeader(protocol), bytes);
  const hash = hashBlock(bytes);
  return {
    ...{ hash, header, bytes, payloadHash, operations },
    ...{ level: level(height), round: round(atRound) },
  };
}
