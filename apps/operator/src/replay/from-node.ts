import { coldReads, NodeError, type ColdReads, type NodeErrorCode } from '@meridian/node-pool';
import type { Level, PublicKeyHash } from '@meridian/tezos';
import { OperatorError, type OperatorErrorCode } from '../errors.ts';
import { field, optionalField, textOf, type Located } from '../json.ts';
import { readKeys, type Keys } from './keys.ts';
import { readNodeBlock, type NodeBlock } from './node-block.ts';
import type { ReplayInput } from './replay.ts';
import { readRights, type Rights } from './rights.ts';

/** What a node can say about a level and the one after it. */
export type NodeAnswers = Omit<ReplayInput, 'ownKey' | 'seed'>;

/**
 * Reads the blocks of `level` and the level after it from a node, with the rights of both levels, the
 * voters' keys, the branch and the proof-of-work threshold.
 * @throws OperatorError `unreachable`, `refused_by_node`, or `bad_input` that names the field
 */
export async function answersOfNode(url: string, level: Level): Promise<NodeAnswers> {
  try {
    const reads = coldReads(url);
    try {
      return await read(reads, url, level);
    } finally {
      await reads.close();
    }
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    throw new OperatorError(ERROR_OF_NODE[error.code], `${url}: ${error.message}`);
  }
}

/** What a node's failure is to somebody at a terminal. */
const ERROR_OF_NODE: Readonly<Record<NodeErrorCode, OperatorErrorCode>> = {
  unreachable: 'unreachable',
  timeout: 'unreachable',
  refused: 'refused_by_node',
  bad_answer: 'bad_input',
};

async function read(reads: ColdReads, url: string, level: Level): Promise<NodeAnswers> {
  const block = readNodeBlock(
    `${url} block ${level.toString()}`,
    await reads.block(level.toString()),
  );
  const nextLevel = (level + 1).toString();
  const next = readNodeBlock(`${url} block ${nextLevel}`, await reads.block(nextLevel));
  const rights = await rightsOf(reads, block);
  return {
    block,
    next,
    branch: await predecessorOf(reads, block),
    rights,
    nextRights: await rightsOf(reads, next),
    keys: await keysOf(reads, block, rights),
    proofOfWorkThreshold: await thresholdOf(reads, block),
  };
}

/** The block before `block` says which block stands two levels below. */
async function predecessorOf(
  reads: ColdReads,
  { header, source }: NodeBlock,
): Promise<ReplayInput['branch']> {
  const before = readNodeBlock(`the block before ${source}`, await reads.block(header.predecessor));
  return before.header.predecessor;
}

async function rightsOf(reads: ColdReads, { hash, header, source }: NodeBlock): Promise<Rights> {
  const path = `helpers/validators?level=${header.level.toString()}`;
  return readRights(`${source} ${path}`, await reads.ofBlock(hash, path));
}

async function thresholdOf(reads: ColdReads, { hash, source }: NodeBlock): Promise<bigint> {
  const path = 'context/constants';
  const value = await reads.ofBlock(hash, path);
  const text = textOf(
    field({ value, source: `${source} ${path}`, path: [] }, 'proof_of_work_threshold'),
  );
  return BigInt.asUintN(64, BigInt(text));
}

/** The keys of everybody who may vote; one that the node does not tell is left unknown. */
async function keysOf(reads: ColdReads, block: NodeBlock, rights: Rights): Promise<Keys> {
  const asked = [...rights].flatMap(([delegate, { companionKey }]) => [
    activeKey(reads, block, delegate, 'consensus_key'),
    ...(companionKey === undefined ? [] : [activeKey(reads, block, delegate, 'companion_key')]),
  ]);
  const found = (await Promise.all(asked)).filter(row => row !== undefined);
  return readKeys(`${block.source} keys`, found);
}

async function activeKey(
  reads: ColdReads,
  { hash, source }: NodeBlock,
  delegate: PublicKeyHash,
  name: 'consensus_key' | 'companion_key',
): Promise<{ pkh: unknown; public_key: unknown } | undefined> {
  const path = `context/delegates/${delegate}/${name}`;
  const value = await reads.ofBlock(hash, path).catch((error: unknown) => {
    if (error instanceof NodeError && error.code === 'refused') return undefined;
    throw error;
  });
  if (value === undefined) return undefined;
  const at: Located = { value, source: `${source} ${path}`, path: [] };
  const active = optionalField(at, 'active');
  if (active === undefined || active.value === null) return undefined;
  return { pkh: field(active, 'pkh').value, public_key: field(active, 'pk').value };
}
