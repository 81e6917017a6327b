import { describe, expect, test } from 'vitest';
import { NodeError, type ColdReads } from '@meridian/node-pool';
import { lookForUse, votersOf, type Look } from './look-for-use.ts';

test('a vote names its key, an aggregate those of its committee, and one that names nobody is no answer', () => {
  expect(votersOf({ metadata: { consensus_key: 'tz1a' } })).toContain('tz1a');
  const committee = [{ consensus_pkh: 'tz4a' }, { consensus_pkh: 'tz4b' }];
  expect(votersOf({ metadata: { committee } })).toEqual(expect.arrayContaining(['tz4a', 'tz4b']));
  expect(() => votersOf({ metadata: { consensus_pkh: 'tz1a' } })).toThrow(/whose it is/);
  expect(() => votersOf({})).toThrow();
});

/** A node of two cycles whose blocks are those of levels 61 to 100. */
type Stub = {
  /** The levels at which a key may vote. */
  readonly rights: (key: string) => readonly number[];
  /** Whose votes a block holds. */
  readonly voters?: (level: number) => readonly string[];
  /** Levels whose blocks it has thrown away. */
  readonly gone?: readonly number[];
};

const [FROM, TO] = [61, 100];
const LEVELS = Array.from({ length: TO - FROM + 1 }, (_, at) => FROM + at);
const SPAN = { from: FROM, to: TO, cycles: [3, 4], at: 'BL' };

function nodeOf({ rights, voters = () => [], gone = [] }: Stub) {
  const asked = { rights: 0, blocks: [] as number[] };
  const reads: ColdReads = {
    ofBlock: (_block, path) => {
      asked.rights += 1;
      const { pathname, searchParams: query } = new URL(path, 'http://node');
      const isFirst = query.get('cycle') === '3' && pathname.endsWith('attestation_rights');
      const levels = isFirst ? rights(query.get('consensus_key') ?? '') : [];
      return Promise.resolve(levels.map(level => ({ level, delegates: [{}] })));
    },
    block: name => {
      const level = Number(name);
      asked.blocks.push(level);
      if (gone.includes(level)) return Promise.reject(new NodeError('refused', 'not here'));
      const votes = voters(level).map(key => ({
        contents: [{ kind: 'attestation', metadata: { consensus_key: key } }],
      }));
      return Promise.resolve({
        ...{ hash: 'BB', operations: [votes] },
        metadata: { proposer_consensus_key: 'maker', baker_consensus_key: 'maker' },
      });
    },
    get: () => Promise.reject(new Error('nothing else is asked for')),
    close: () => Promise.resolve(),
  };
  return { asked, reads };
}

const look = (reads: ColdReads, ...keys: readonly string[]): Promise<ReadonlyMap<string, Look>> =>
  lookForUse(reads, keys, SPAN, () => undefined);

const UNUSED: Look = { signs: [], isWhole: true };

describe('a search for use', () => {
  test('asks for each block once, for 500 keys as for one', async () => {
    const keys = Array.from({ length: 500 }, (_, at) => `key${at.toString()}`);
    const { asked, reads } = nodeOf({ rights: () => LEVELS });
    const found = await look(reads, ...keys);
    expect(asked.rights).toBe(500 * 2 * SPAN.cycles.length);
    expect(asked.blocks.toSorted((one, other) => one - other)).toEqual(LEVELS);
    expect([...found]).toEqual(keys.map(key => [key, UNUSED]));
  });

  test('finds the only vote of a key in a block of another one that is known to be used', async () => {
    const voters = (level: number): readonly string[] =>
      level === FROM ? ['busy', 'quiet'] : ['busy'];
    const { asked, reads } = nodeOf({ rights: () => LEVELS, voters });
    const found = await look(reads, 'busy', 'quiet', 'unused');
    expect(found.get('busy')?.signs).toHaveLength(3);
    expect(found.get('quiet')).toEqual({ signs: ['attestation in block 61 BB'], isWhole: true });
    expect(found.get('unused')).toEqual(UNUSED);
    expect(asked.blocks).toHaveLength(LEVELS.length);
  });

  test('ends when enough is known of every key', async () => {
    const { asked, reads } = nodeOf({ rights: () => LEVELS, voters: () => ['one', 'other'] });
    const found = await look(reads, 'one', 'other');
    expect(found.get('one')?.signs[0]).toBe('attestation in block 100 BB');
    expect(asked.blocks.length).toBeLessThan(LEVELS.length);
  });

  test('asks for no block where no key had a right, and for those after its votes where one had', async () => {
    const { asked, reads } = nodeOf({ rights: key => (key === 'rare' ? [70, 100, 60] : []) });
    expect((await look(reads, 'never')).get('never')).toEqual(UNUSED);
    expect(asked.blocks).toEqual([]);
    await look(reads, 'never', 'rare');
    expect(asked.blocks).toEqual([100, 71, 70, 61]);
  });

  test('is not whole for the keys with rights in blocks that are gone, and for no others', async () => {
    const gone = [65];
    const { reads } = nodeOf({ rights: key => (key === 'old' ? [64] : [90]), gone });
    const found = await look(reads, 'old', 'new');
    expect(found.get('old')).toEqual({ signs: [], isWhole: false });
    expect(found.get('new')).toEqual(UNUSED);
  });

  test('is not whole for a key whose rights are not told, and for no other', async () => {
    const rights = (key: string): readonly number[] => (key === 'odd' ? [-1] : [90]);
    const { reads } = nodeOf({ rights });
    const found = await look(reads, 'odd', 'even');
    expect(found.get('odd')).toEqual({ signs: [], isWhole: false });
    expect(found.get('even')).toEqual(UNUSED);
  });
});
