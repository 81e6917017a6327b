import { describe, expect, test } from 'vitest';
import { AILMENTS, simulate, type Ailment, type AilmentKind, type Spell } from './index.ts';

const TIMEOUT_MS = 60_000;
const [FROM, TO, LEVELS] = [6, 18, 30];
const BAD: Readonly<Record<AilmentKind, Ailment>> = {
  refuse: { kind: 'refuse' },
  blackhole: { kind: 'blackhole' },
  stale: { kind: 'stale' },
  slow: { kind: 'slow', lateMs: 1_000 },
  cut: { kind: 'cut', everyMs: 300 },
  behind: { kind: 'behind', blocks: 2 },
  clock: { kind: 'clock', slowMs: 2_500 },
  lying: { kind: 'lying' },
};
const KINDS = Object.keys(AILMENTS) as AilmentKind[];

function run(kinds: readonly AilmentKind[], from = FROM, to = TO) {
  const spells: Spell[] = kinds.map((kind, at) => ({ node: at + 1, from, to, ailment: BAD[kind] }));
  const plain = { seed: 5, levels: LEVELS, protocol: '025', keys: 1, curves: ['tz1'] } as const;
  return simulate({ ...plain, faults: new Set(), spells });
}

/** What is seen of an ailment beside votes that were taken at once. */
const SEEN: Readonly<Record<AilmentKind, readonly string[]>> = {
  refuse: ['unreachable'],
  blackhole: ['timeout'],
  stale: ['behind'],
  slow: [],
  cut: [],
  behind: ['known_later'],
  clock: ['known_later'],
  lying: [],
};

describe('one healthy node is enough', () => {
  test.each(KINDS.filter(kind => kind !== 'lying'))(
    'while four suffer from %s every vote is handed over as early as can be',
    async kind => {
      const result = await run([kind, kind, kind, kind]);
      expect(result).toMatchObject({ rights: LEVELS, missed: 0, published: LEVELS, broken: null });
      expect(result.addedDelayMs).toMatchObject({ p50: 0, max: 0 });
      expect(result.addedDelayMs.count).toBeGreaterThan(LEVELS);
      expect(Object.keys(result.receipts)).toEqual(
        expect.arrayContaining(['known', ...SEEN[kind]]),
      );
    },
    TIMEOUT_MS,
  );
});

test.each(KINDS.filter(kind => !['cut', 'lying'].includes(kind)))(
  'while all five suffer from %s votes are missing for a reason, and come again afterwards',
  async kind => {
    const result = await run([kind, kind, kind, kind, kind]);
    expect(result.missed).toBeGreaterThan(TO - FROM - 4);
    expect(result).toMatchObject({ wrongVotes: 0, doubleSigns: 0, broken: null });
    expect(Math.max(...result.missedLevels)).toBeLessThan(TO + 6);
  },
  TIMEOUT_MS,
);

test(
  'what is read anew after an outage delays the first vote, and that is measured',
  async () => {
    const result = await run(['stale', 'stale', 'stale', 'stale', 'stale']);
    expect(result.addedDelayMs.max).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'a majority of liars from the first block on brings no vote at all',
  async () => {
    const result = await run(['lying', 'lying', 'lying'], 0, LEVELS + 9);
    expect(result).toMatchObject({ published: 0, signatures: 0, wrongVotes: 0, broken: null });
  },
  TIMEOUT_MS,
);

test(
  'two liars, and two dead nodes beside them, bring nothing but right votes',
  async () => {
    const result = await run(['lying', 'lying', 'refuse', 'blackhole']);
    expect(result).toMatchObject({ rights: LEVELS, missed: 0, wrongVotes: 0, broken: null });
  },
  TIMEOUT_MS,
);
