import { duration, instant } from '@meridian/prelude';
import { fromHex, level, readFitness, slot } from '@meridian/tezos';
import type { BlockHash, ChainId, PublicKey, PublicKeyHash } from '@meridian/tezos';
import { decode, encode, blockHeader, signedOperation } from '@meridian/tezos/forge';
import type {
  ChainBlock,
  ChainOperation,
  LevelRights,
  SandboxChain,
} from '@meridian/sandbox-chain';
import { protocolOf } from '../vectors/codec.ts';
import { forgeable, type NodeBlock, type NodeOperation } from './node-json.ts';
import { answersOn, blocksOf, rawHeadersOf } from './recorded-rows.ts';

const protocol = protocolOf('025');

type Validators = readonly {
  readonly level: number;
  readonly consensus_threshold: string;
  readonly consensus_committee: string;
  readonly delegates: readonly {
    readonly delegate: PublicKeyHash;
    readonly rounds: readonly number[];
    readonly consensus_key: string;
    readonly attesting_power: string;
    readonly attestation_slot: number;
  }[];
}[];

/** The chain that a real node told of, standing still at one of its blocks; nothing is injected into it. */
export function recordedChain(
  content: object,
  keys: ReadonlyMap<string, PublicKey>,
  headHash: string,
): SandboxChain {
  const { blocks, rights } = readOnce(content, keys);
  const head = blocks.get(headHash as BlockHash);
  const [genesis] = blocks.values();
  const [someRights] = rights.values();
  if (head === undefined || genesis === undefined || someRights === undefined) {
    throw new Error(`the recording has no block ${headHash}`);
  }
  return {
    options: OPTIONS,
    chainId: 'NetXdQprcVkpaWU' as ChainId,
    genesis,
    nextWake: () => instant(0),
    advanceTo: () => [],
    inject: () => {
      throw new Error('nothing is injected into a recording');
    },
    head: () => head,
    block: hash => blocks.get(hash),
    atLevel: at => [...blocks.values()].find(block => block.level === at),
    rights: at => rights.get(at) ?? someRights,
    mempool: () => [],
    liveBlocks: () => [],
    participation: () => ({ missedLevels: 0, missedSlots: 0 }),
    takeVerdicts: () => [],
    doubleSignings: () => [],
  };
}

type Recording = {
  readonly blocks: ReadonlyMap<BlockHash, ChainBlock>;
  readonly rights: ReadonlyMap<number, LevelRights>;
};

const RECORDINGS = new WeakMap<object, Recording>();

function readOnce(content: object, keys: ReadonlyMap<string, PublicKey>): Recording {
  const known = RECORDINGS.get(content);
  if (known !== undefined) return known;
  const raw = rawHeadersOf(content);
  const blocks = new Map(
    blocksOf(content).map(block => [block.hash, chainBlock(block, raw.get(block.hash) ?? '')]),
  );
  const recording = { blocks, rights: rightsOf(content, keys) };
  RECORDINGS.set(content, recording);
  return recording;
}

const OPTIONS: SandboxChain['options'] = {
  seed: 0,
  protocol,
  genesisTime: instant(0),
  minimalBlockDelay: duration(2_000),
  delayIncrementPerRound: duration(1_000),
  committeeSize: 256,
  blocksPerCycle: 8,
  allBakersAttest: false,
  robots: { tz1: 0, tz2: 0, tz3: 0, tz4: 0 },
  guests: [],
  latency: { min: duration(0), max: duration(0) },
  script: [],
};

/** An operation as a node printed it; undefined for kinds that Meridian does not forge. */
export function chainOperation(printed: NodeOperation): ChainOperation | undefined {
  const own = printed.contents[0]?.kind.includes('attestation') ?? false;
  if (!own) return undefined;
  const bytes = encode(signedOperation(protocol), forgeable(printed));
  const value = decode(signedOperation(protocol), bytes);
  return { hash: printed.hash, bytes, value };
}

function chainBlock(block: NodeBlock, rawHex: string): ChainBlock {
  const bytes = fromHex(rawHex);
  const header = decode(blockHeader(protocol), bytes);
  return {
    hash: block.hash,
    header,
    bytes,
    level: level(block.header.level),
    round: readFitness(header.fitness).round,
    payloadHash: header.payload_hash,
    operations: block.operations.map(pass =>
      pass.map(chainOperation).filter(operation => operation !== undefined),
    ),
  };
}

function rightsOf(
  content: unknown,
  keys: ReadonlyMap<string, PublicKey>,
): ReadonlyMap<number, LevelRights> {
  const lists = answersOn(content)
    .filter(({ what }) => what.startsWith('/helpers/validators'))
    .flatMap(({ json }) => json as Validators);
  return new Map(
    lists.map(one => [
      one.level,
      {
        level: level(one.level),
        threshold: Number(one.consensus_threshold),
        committee: Number(one.consensus_committee),
        seats: one.delegates.map(seat => ({
          delegate: seat.delegate,
          consensusKey: keyOf(keys, seat.consensus_key),
          rounds: seat.rounds,
          attestationSlot: slot(seat.attestation_slot),
          power: Number(seat.attesting_power),
        })),
      },
    ]),
  );
}

function keyOf(keys: ReadonlyMap<string, PublicKey>, address: string): PublicKey {
  const key = keys.get(address);
  if (key === undefined) throw new Error(`keys.json has no key of ${address}`);
  return key;
}
