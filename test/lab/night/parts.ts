/** What runs at night: for people, and as it is run. */
export type Part = {
  readonly name: string;
  readonly title: string;
  readonly command: readonly [string, ...string[]];
};

export const LEVELS = 10_000;
/** A storm over files is short of signers, so it is a fifth as long. */
const SQLITE_PART = 5;
/** A level takes more than a second. */
const TRIO_LEVELS = 300;

const lab = (program: string, ...args: readonly string[]): Part['command'] => [
  'node',
  `test/lab/${program}/main.ts`,
  ...args,
];

/** All parts, those of a storm over so many levels. A name that several have means all of them. */
export function partsOf(levels: number): readonly Part[] {
  const fewer = Math.max(1, Math.round(levels / SQLITE_PART));
  return [
    {
      name: 'storm',
      title: 'storm over PostgreSQL',
      command: lab('storm', '--store', 'postgres', '--levels', levels.toString(), '--json'),
    },
    {
      name: 'storm',
      title: 'storm over SQLite',
      command: lab('storm', '--store', 'sqlite', '--levels', fewer.toString(), '--json'),
    },
    {
      name: 'conformance',
      title: 'conformance over SQLite',
      command: lab('conformance', '--json'),
    },
    {
      name: 'conformance',
      title: 'conformance over PostgreSQL',
      command: lab('conformance', '--store', 'postgres', '--json'),
    },
    {
      name: 'conformance',
      title: 'conformance over PostgreSQL, three replicas',
      command: lab('conformance', '--store', 'postgres', '--replicas', '3', '--json'),
    },
    { name: 'matrix', title: 'matrix', command: lab('matrix', '--json') },
    {
      name: 'matrix',
      title: 'matrix with processes',
      command: lab('matrix', '--processes', '--json'),
    },
    {
      name: 'trio',
      title: 'three endorsers with one key',
      command: lab('trio', '--levels', TRIO_LEVELS.toString(), '--json'),
    },
    { name: 'mutants', title: 'mutants', command: lab('mutants', '--json') },
  ];
}
