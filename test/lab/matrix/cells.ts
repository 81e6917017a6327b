import type { Ailment, Curve, Fault } from '@meridian/simulation';

/** What is promised of a cell (design §5); what holds for all of them stands in `judge.ts`. */
export const EXPECTATIONS = {
  all: 'every right is attested, and every vote handed over within a hedge interval of the earliest moment',
  right: 'votes may be missing, each for a reason; none is wrong',
  agreed:
    'every right is attested while the agreed rights last, then votes are missing, each for a reason; none is wrong',
  abstains: 'votes are missing, each for a reason; none is wrong',
} as const;

/** A key of {@link EXPECTATIONS}. */
export type Expectation = keyof typeof EXPECTATIONS;

/** The first levels are left in peace. */
export const FIRST_SPELL = 8;

/** For how long nodes suffer, and in how many levels the next ones do, in levels. */
export const SPELLS = {
  /** Shorter than rights are agreed on ahead. */
  short: { levels: 14, every: 40 },
  /** As long as a matrix of a thousand levels allows some of them. */
  long: { levels: 60, every: 90 },
} as const;

/** What nodes suffer from together, and what is expected of the votes. */
export type Cell = {
  readonly name: string;
  readonly ailments: readonly Ailment[];
  readonly spells: keyof typeof SPELLS;
  readonly expects: Expectation;
  readonly protocol: string;
  readonly keys: number;
  readonly curves: readonly Curve[];
  /** What else goes wrong. */
  readonly faults: readonly Fault[];
  /** It is played this many times shorter: it costs as many times more. */
  readonly shorter: number;
  /** The faults of the sandbox's nodes, where the cell is played by real processes too. */
  readonly processes: readonly string[] | null;
};

const A = {
  refuse: { kind: 'refuse' },
  blackhole: { kind: 'blackhole' },
  stale: { kind: 'stale' },
  slow: { kind: 'slow', lateMs: 1_000 },
  cut: { kind: 'cut', everyMs: 1_000 },
  behind: { kind: 'behind', blocks: 2 },
  clock: { kind: 'clock', slowMs: 3_000 },
  lying: { kind: 'lying' },
} as const satisfies Readonly<Record<string, Ailment>>;

type Row = {
  readonly kind: keyof typeof A;
  /** Up to how many nodes of five may suffer before votes are missing. */
  readonly all: number;
  readonly beyond: Expectation;
  /** From how many nodes on rights are not agreed on any more, so that they last for short spells only. */
  readonly short: number;
};

/** Each ailment by itself, with 1 to 5 nodes. */
const ROWS: readonly Row[] = [
  { kind: 'refuse', all: 4, beyond: 'abstains', short: 3 },
  { kind: 'blackhole', all: 4, beyond: 'abstains', short: 3 },
  { kind: 'stale', all: 4, beyond: 'abstains', short: 6 },
  { kind: 'slow', all: 4, beyond: 'abstains', short: 6 },
  { kind: 'cut', all: 4, beyond: 'right', short: 6 },
  { kind: 'behind', all: 4, beyond: 'abstains', short: 6 },
  { kind: 'clock', all: 4, beyond: 'abstains', short: 6 },
  { kind: 'lying', all: 2, beyond: 'agreed', short: 3 },
];
const NODES = 5;

/** The cells that real processes play, too. */
const MAIN: ReadonlySet<string> = new Set([
  'refuse 4',
  'blackhole 4',
  'stale 4',
  'slow 4',
  'lying 2',
  'lying 3',
  '2 dead, 1 lying',
]);

/** A cell of one tz1 key under 025, but for what is said. */
function cell(
  name: string,
  kinds: readonly (keyof typeof A)[],
  expects: Expectation,
  wish: Partial<Cell> = {},
): Cell {
  return {
    ...{ name, ailments: kinds.map(kind => A[kind]), expects, spells: 'short' },
    ...{ protocol: '025', keys: 1, curves: ['tz1'], faults: [], shorter: 1 },
    processes: MAIN.has(name) ? kinds : null,
    ...wish,
  };
}

/** A fifth liar leaves nobody who would bring the blocks of agreed rights. */
function expectedOf(k: number, all: number, beyond: Expectation): Expectation {
  if (k <= all) return 'all';
  return k === NODES && beyond === 'agreed' ? 'abstains' : beyond;
}

function times<Item>(count: number, item: Item): readonly Item[] {
  return Array.from({ length: count }, () => item);
}

const PLAIN: readonly Cell[] = ROWS.flatMap(({ kind, all, beyond, short }) =>
  Array.from({ length: NODES }, (_, at) => at + 1).map(k =>
    cell(`${kind} ${k.toString()}`, times(k, kind), expectedOf(k, all, beyond), {
      spells: k < short ? 'long' : 'short',
    }),
  ),
);

const TROUBLED: readonly Fault[] = ['missed-rounds', 'no-quorum', 'reorgs'];

const MIXED: readonly Cell[] = [
  cell('2 dead, 1 lying', ['refuse', 'blackhole', 'lying'], 'all'),
  cell('2 dead, 1 lying, past the agreed rights', ['refuse', 'blackhole', 'lying'], 'agreed', {
    spells: 'long',
  }),
  cell('2 dead, 2 lying', ['refuse', 'blackhole', 'lying', 'lying'], 'all'),
  cell('2 refusing, 2 silent', ['refuse', 'refuse', 'blackhole', 'blackhole'], 'all'),
  cell('3 dead, past the agreed rights', ['refuse', 'blackhole', 'refuse'], 'agreed', {
    spells: 'long',
  }),
  cell('4 dead, 1 slow', ['refuse', 'refuse', 'blackhole', 'blackhole', 'slow'], 'right'),
  cell('2 lying, 1 slow', ['lying', 'lying', 'slow'], 'all', { spells: 'long' }),
  cell('1 lying, 2 stale', ['lying', 'stale', 'stale'], 'all', { spells: 'long' }),
  cell('2 lying, 3 stale', ['lying', 'lying', 'stale', 'stale', 'stale'], 'right'),
  cell('slow, cut, behind, clock', ['slow', 'cut', 'behind', 'clock'], 'all', { spells: 'long' }),
  cell(
    'refusing, silent, stale, slow, lying',
    ['refuse', 'blackhole', 'stale', 'slow', 'lying'],
    'right',
  ),
  cell('2 lying, troubles of the chain', ['lying', 'lying'], 'all', {
    spells: 'long',
    faults: TROUBLED,
  }),
  cell('2 dead, troubles of the chain', ['refuse', 'blackhole'], 'all', {
    spells: 'long',
    faults: TROUBLED,
  }),
];

const WIDER: readonly Cell[] = [
  cell('refuse 4, protocol 023', times(4, 'refuse'), 'all', { protocol: '023' }),
  cell('stale 4, protocol 023', times(4, 'stale'), 'all', { protocol: '023', spells: 'long' }),
  cell('lying 2, protocol 023', times(2, 'lying'), 'all', { protocol: '023', spells: 'long' }),
  cell('lying 3, protocol 023', times(3, 'lying'), 'agreed', { protocol: '023' }),
  cell('blackhole 2, keys of all curves', times(2, 'blackhole'), 'all', {
    ...{ spells: 'long', keys: 8, curves: ['tz1', 'tz2', 'tz3', 'tz4'], shorter: 4 },
  }),
  cell('blackhole 4, 500 keys', times(4, 'blackhole'), 'all', { keys: 500, shorter: 20 }),
];

/** The whole matrix: k = 0 once, as nothing is the same for all ailments. */
export const CELLS: readonly Cell[] = [
  cell('none', [], 'all', { spells: 'long' }),
  ...PLAIN,
  ...MIXED,
  ...WIDER,
];
