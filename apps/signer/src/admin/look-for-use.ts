import type { ColdReads } from '@meridian/node-pool';
import { fieldsOf, textOf, UnusableAnswer, wholeOf } from './node-answers.ts';

/** Signs that a key voted or baked; none when it did not. */
export type Use = readonly string[];

/** Where is looked. */
export type Span = {
  readonly from: number;
  readonly to: number;
  /** The cycle before and the present one. */
  readonly cycles: readonly number[];
  /** The block whose rights are asked for. */
  readonly at: string;
};

/** Blocks that one node is asked for at once; the reads of a node take no more. */
const AT_ONCE = 8;
/** Enough to believe it; the first ones end the search. */
const SIGNS_ENOUGH = 3;
const TELL_EVERY_BLOCKS = 500;

/**
 * Looks for votes and blocks of a consensus key, at the levels that it had rights for: who has no right cannot have
 * used it. A node that has thrown old blocks away cannot answer, and is no witness then.
 * @throws UnusableAnswer, NodeError
 */
export async function lookForUse(
  reads: ColdReads,
  key: string,
  span: Span,
  progress: (line: string) => void,
): Promise<Use> {
  const levels = await levelsWithRights(reads, key, span);
  if (levels.length === 0) return [];
  progress(`${levels.length.toString()} blocks of ${key} to look at`);
  const waiting = [...levels];
  const signs: string[] = [];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let level = waiting.pop(); level !== undefined; level = waiting.pop()) {
      signs.push(...(await signsIn(reads, key, level)));
      if (signs.length >= SIGNS_ENOUGH) waiting.length = 0;
      done += 1;
      if (done % TELL_EVERY_BLOCKS === 0)
        progress(`${done.toString()} of ${levels.length.toString()} blocks`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return signs.slice(0, SIGNS_ENOUGH);
}

/** The blocks that may hold something of the key, ascending: those with its rights, and those after its votes. */
async function levelsWithRights(
  reads: ColdReads,
  key: string,
  { from, to, cycles, at }: Span,
): Promise<readonly number[]> {
  const levels = new Set<number>();
  for (const cycle of cycles.filter(each => each >= 0)) {
    const query = `cycle=${cycle.toString()}&consensus_key=${key}`;
    const votes = await reads.ofBlock(at, `helpers/attestation_rights?${query}`);
    for (const right of listOf(votes)) {
      if (listOf(right['delegates']).length === 0) continue;
      const level = wholeOf(right, 'level');
      levels.add(level).add(level + 1);
    }
    const blocks = await reads.ofBlock(at, `helpers/baking_rights?${query}&all=true`);
    for (const right of listOf(blocks)) levels.add(wholeOf(right, 'level'));
  }
  return [...levels].filter(level => level >= from && level <= to).sort((a, b) => a - b);
}

/** What a block says of a key: its votes among the operations, and the block itself. */
async function signsIn(reads: ColdReads, key: string, level: number): Promise<Use> {
  const block = fieldsOf(await reads.block(level.toString()));
  const metadata = fieldsOf(block['metadata']);
  const hash = textOf(block, 'hash');
  const makers = [
    textOf(metadata, 'proposer_consensus_key'),
    textOf(metadata, 'baker_consensus_key'),
  ];
  const where = `in block ${level.toString()} ${hash}`;
  const signs = makers.includes(key) ? [`the block ${level.toString()} ${hash} itself`] : [];
  const [votes] = listsOf(block['operations']);
  for (const operation of votes ?? []) {
    for (const content of listOf(operation['contents'])) {
      if (votersOf(content).includes(key)) signs.push(`${textOf(content, 'kind')} ${where}`);
    }
  }
  return signs;
}

/**
 * The consensus keys behind a vote or an aggregate, as its receipt names them.
 * @throws UnusableAnswer for a receipt that names nobody: it would make every key unused
 */
export function votersOf(content: Readonly<Record<string, unknown>>): readonly unknown[] {
  const receipt = fieldsOf(content['metadata']);
  const isTold = receipt['consensus_key'] !== undefined || receipt['committee'] !== undefined;
  if (!isTold) throw new UnusableAnswer('a vote does not say whose it is');
  const committee = receipt['committee'] === undefined ? [] : listOf(receipt['committee']);
  return [receipt['consensus_key'], ...committee.map(member => member['consensus_pkh'])];
}

function listsOf(value: unknown): readonly (readonly Readonly<Record<string, unknown>>[])[] {
  if (!Array.isArray(value)) throw new UnusableAnswer('the operations of a block are no list');
  return value.map(listOf);
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value)) throw new UnusableAnswer('an answer is no list');
  return value.map(fieldsOf);
}
