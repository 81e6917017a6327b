import { NodeError, type ColdReads } from '@meridian/node-pool';
import { fieldsOf, textOf, UnusableAnswer, wholeOf } from './node-answers.ts';

/** What a node tells of a key. */
export type Look = {
  /** Signs that the key voted or baked. */
  readonly signs: readonly string[];
  /** Whether it could look at all that there is, or at so much that it is sure of a use. */
  readonly isWhole: boolean;
};

/** Where is looked. */
export type Span = {
  readonly from: number;
  readonly to: number;
  /** The cycle before and the present one. */
  readonly cycles: readonly number[];
  /** The block whose rights are asked for. */
  readonly at: string;
};

/** What one node is asked for at once; its reads take no more. */
const AT_ONCE = 8;
/** Enough to believe it; the first ones end the search for a key. */
const SIGNS_ENOUGH = 3;
const TELL_EVERY = 500;

/** What is known of a key so far. */
type Search = { readonly key: string; readonly signs: string[]; isWhole: boolean };

const isOpen = ({ signs, isWhole }: Search): boolean => isWhole && signs.length < SIGNS_ENOUGH;

/**
 * Looks for votes and blocks of consensus keys, at the levels that they had rights for: who has no right cannot have
 * used it. Each block is asked for once, whatever number of keys may be in it. A node that has thrown old blocks away
 * cannot answer, and is no witness then for the keys with rights there.
 */
export async function lookForUse(
  reads: ColdReads,
  keys: readonly string[],
  span: Span,
  progress: (line: string) => void,
): Promise<ReadonlyMap<string, Look>> {
  const searches = new Map<unknown, Search>(
    keys.map(key => [key, { key, signs: [], isWhole: true }]),
  );
  const failed = (error: unknown, concerned: readonly Search[]): void => {
    if (!(error instanceof NodeError || error instanceof UnusableAnswer)) throw error;
    for (const search of concerned) search.isWhole = false;
    progress(error.message);
  };
  const levels = new Map<number, Search[]>();
  await eachOf([...searches.values()], 'keys', progress, async search => {
    try {
      for (const level of await levelsWithRights(reads, search.key, span)) {
        const there = levels.get(level) ?? [];
        there.push(search);
        levels.set(level, there);
      }
    } catch (error) {
      failed(error, [search]);
    }
  });
  progress(`keys: ${keys.length.toString()}, blocks to look at: ${levels.size.toString()}`);
  // The latest first: a key that is in use is in those.
  const latest = [...levels].sort(([one], [other]) => other - one);
  await eachOf(latest, 'blocks', progress, async ([level, concerned]) => {
    if (!concerned.some(isOpen)) return;
    try {
      for (const [key, sign] of await signsIn(reads, level)) searches.get(key)?.signs.push(sign);
    } catch (error) {
      failed(error, concerned);
    }
  });
  return new Map(
    [...searches.values()].map(({ key, signs, isWhole }) => [
      key,
      { signs: signs.slice(0, SIGNS_ENOUGH), isWhole },
    ]),
  );
}

/** Does something with each of many, a few at once. */
async function eachOf<Item>(
  items: readonly Item[],
  what: string,
  progress: (line: string) => void,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  let done = 0;
  const work = async (): Promise<void> => {
    for (const item of waiting) {
      await act(item);
      done += 1;
      if (done % TELL_EVERY === 0)
        progress(`${done.toString()} of ${items.length.toString()} ${what}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** The blocks that may hold something of the key: those with its rights, and those after its votes. */
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
  return [...levels].filter(level => level >= from && level <= to);
}

/** Whom a block says something of, and what: its votes among the operations, and the block itself. */
async function signsIn(
  reads: ColdReads,
  level: number,
): Promise<readonly (readonly [key: unknown, sign: string])[]> {
  const block = fieldsOf(await reads.block(level.toString()));
  const metadata = fieldsOf(block['metadata']);
  const hash = textOf(block, 'hash');
  const makers = new Set([
    textOf(metadata, 'proposer_consensus_key'),
    textOf(metadata, 'baker_consensus_key'),
  ]);
  const where = `in block ${level.toString()} ${hash}`;
  const [votes] = listsOf(block['operations']);
  return [
    ...[...makers].map(key => [key, `the block ${level.toString()} ${hash} itself`] as const),
    ...(votes ?? [])
      .flatMap(operation => listOf(operation['contents']))
      .flatMap(content =>
        votersOf(content).map(key => [key, `${textOf(content, 'kind')} ${where}`] as const),
      ),
  ];
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
