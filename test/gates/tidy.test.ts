import { describe, expect, test } from 'vitest';
import { repositoryFiles, walk, type TextFile } from './files.ts';
import * as code from './tidy-code.ts';
import * as projects from './tidy-projects.ts';
import * as words from './tidy-words.ts';

/*
 * What lint cannot hold. Each check is a function of files, so each is shown here to fail on what it is for and to pass
 * beside it, before it is asked about the repository.
 */

type Check = (files: readonly TextFile[]) => readonly string[];
type Files = Readonly<Record<string, string>>;
type Case = {
  readonly check: Check;
  readonly bad: Files;
  readonly says: string;
  readonly good: Files;
};

const lines = (count: number): string => 'call();\n'.repeat(count);
const functionOf = (count: number): string => `const long = () => {\n${lines(count - 2)}};\n`;
const values = (count: number): string =>
  Array.from({ length: count }, (_, at) => `export const value${at} = ${at};\n`).join('');
const manifest = (fields: object): string => JSON.stringify({ name: '@meridian/a', ...fields });
const entry = { 'libs/a/package.json': manifest({ exports: './src/main.ts' }) };
const readme = '# a\n\nIs an example.\n';
const marker = ['TO', 'DO'].join('');
const host = ['registry', 'npmjs', 'org'].join('.');
const folder = ['', 'home', 'me', 'a'].join('/');
const sleeps = (how: string): string => ['test', how].join('.');
const silenced = (how: string): string => ['@ts', how].join('-');
const disabled = (how: string): string => ['// eslint', how].join('-');

const CASES: Readonly<Record<string, Case>> = {
  'no file has more than 400 lines': {
    check: code.longFiles,
    bad: { 'libs/a/src/long.ts': lines(401) },
    says: 'libs/a/src/long.ts: 401 lines',
    good: { 'libs/a/src/long.ts': lines(400), 'libs/a/data.json': lines(401) },
  },
  'no function has more than 70 lines': {
    check: code.longFunctions,
    bad: { 'apps/launch.mjs': `\n${functionOf(71)}` },
    says: 'apps/launch.mjs:2: a function has 71 lines',
    good: {
      'apps/launch.mjs': functionOf(70),
      'a.test.ts': `describeWithDisk('a', () => {\n${lines(71)}});\n`,
    },
  },
  'no entry point exports more than 20 values': {
    check: code.wideEntryPoints,
    bad: { ...entry, 'libs/a/src/main.ts': values(21) },
    says: 'libs/a/src/main.ts: exports 21 values (and 0 types)',
    good: {
      ...entry,
      'libs/a/src/main.ts': `${values(20)}export type { A, B } from './a.ts';\nexport type C = 1;`,
      'libs/a/src/inner.ts': values(30),
    },
  },
  'values that are re-exported count like the others': {
    check: code.wideEntryPoints,
    bad: { ...entry, 'libs/a/src/main.ts': `${values(20)}export { type B, a } from './a.ts';` },
    says: 'libs/a/src/main.ts: exports 21 values (and 1 types)',
    good: { ...entry, 'libs/a/src/main.ts': `${values(20)}export { type B } from './a.ts';` },
  },
  'no entry point exports a star': {
    check: code.starExports,
    bad: { ...entry, 'libs/a/src/main.ts': "\nexport * from './a.ts';" },
    says: 'libs/a/src/main.ts:2: export * hides',
    good: { ...entry, 'libs/a/src/main.ts': "export { a } from './a.ts';" },
  },
  'no index exports a star': {
    check: code.starExports,
    bad: { 'libs/a/src/inner/index.ts': "export * from './a.ts';" },
    says: 'libs/a/src/inner/index.ts:1: export * hides',
    good: { 'libs/a/src/inner/index.ts': "export { a } from './a.ts';" },
  },
  'nothing is cast to any': {
    check: code.castsToNothing,
    bad: { 'libs/a/src/a.ts': ['const a = b', 'any;'].join(' as ') },
    says: 'libs/a/src/a.ts:1: a cast to any',
    good: { 'libs/a/src/a.ts': '// as any other\nconst a = b as string;' },
  },
  'every project has a short README': {
    check: projects.missingReadmes,
    bad: { 'libs/a/package.json': manifest({}) },
    says: 'libs/a/README.md: missing or empty',
    good: { 'libs/a/package.json': manifest({}), 'libs/a/README.md': readme },
  },
  'the README of a project is not long': {
    check: projects.missingReadmes,
    bad: { 'libs/a/package.json': manifest({}), 'libs/a/README.md': lines(61) },
    says: 'libs/a/README.md: 61 lines',
    good: { 'package.json': manifest({}), 'README.md': lines(300) },
  },
  'every declared dependency is imported': {
    check: projects.unusedDependencies,
    bad: {
      'libs/a/package.json': manifest({ optionalDependencies: { pg: '1.0.0' } }),
      'libs/b/src/a.ts': "import pg from 'pg';",
    },
    says: 'libs/a/package.json: pg is declared and never imported',
    good: {
      'package.json': manifest({ devDependencies: { prettier: '1.0.0' } }),
      'libs/a/package.json': manifest({ dependencies: { pg: '1.0.0', '@noble/hashes': '1.0.0' } }),
      'libs/a/src/a.ts': "const pg = await import('pg');",
      'libs/a/src/b.ts': "export { blake2b } from '@noble/hashes/blake2.js';",
    },
  },
  'every import of another project is declared': {
    check: projects.undeclaredProjects,
    bad: {
      'libs/a/package.json': manifest({}),
      'libs/b/package.json': manifest({ name: '@meridian/b' }),
      'libs/b/src/b.ts': "import type { A } from '@meridian/a';",
    },
    says: 'libs/b/package.json: @meridian/a is imported and not declared',
    good: {
      'libs/a/package.json': manifest({}),
      'libs/b/package.json': manifest({
        name: '@meridian/b',
        dependencies: { '@meridian/a': '0.1.0' },
      }),
      'libs/b/src/b.ts': "import { a } from '@meridian/a/inner'; import { b } from '@meridian/b';",
    },
  },
  'every version is exact': {
    check: projects.looseVersions,
    bad: { 'package.json': manifest({ devDependencies: { pg: '^1.0.0' } }) },
    says: 'package.json: pg is ^1.0.0',
    good: { 'package.json': manifest({ dependencies: { pg: '1.0.0', qs: '1.2.3-beta.17' } }) },
  },
  'every source file is reached': {
    check: projects.deadFiles,
    bad: {
      ...entry,
      'libs/a/src/main.ts': "import './used.ts';",
      'libs/a/src/used.ts': '',
      'libs/a/src/dead.ts': "import './used.ts';",
    },
    says: 'libs/a/src/dead.ts: nothing runs',
    good: {
      ...entry,
      'libs/a/src/main.ts':
        "import './used.ts'; const url = new URL('./worker.ts', import.meta.url);",
      'libs/a/src/used.ts': '',
      'libs/a/src/worker.ts': '',
      'package.json': manifest({ scripts: { bench: 'node test/bench.ts' }, bin: './apps/a.mjs' }),
      'test/bench.ts': "spawn(join(root, 'test/child.ts'))",
      'test/child.ts': '',
      'apps/a.mjs': '',
      'libs/a/src/a.test.ts': "import './fixtures.ts';",
      'libs/a/src/fixtures.ts': '',
      'deploy/Dockerfile': 'CMD ["node", "apps/b.mjs"]',
      'apps/b.mjs': '',
    },
  },
  'no marker is left behind': {
    check: words.markers,
    bad: { 'docs/a.md': `fine\n${marker}: later` },
    says: 'docs/a.md:2: a leftover marker',
    good: { 'docs/a.md': 'a mastodon' },
  },
  'no test keeps the others from running': {
    check: words.sleepingTests,
    bad: { 'a.test.ts': `${sleeps('only')}('a', run);` },
    says: 'a.test.ts:1: keeps the other tests',
    good: { 'a.test.ts': "test('a', run);" },
  },
  'no test sleeps without a reason': {
    check: words.sleepingTests,
    bad: { 'a.test.ts': `call();\n${sleeps('skipIf')}(slow)('a', run);` },
    says: 'a.test.ts:2: a test that sleeps',
    good: {
      'a.test.ts': `// Needs an older Node.\n${sleeps('skipIf')}(no)('a', run);\n${sleeps('skip')}('a (no disk)', run);\nreader.skip(4);`,
    },
  },
  'flags of programs are kept from npm': {
    check: words.swallowedFlags,
    bad: { 'docs/a.md': `${['npx', '--no'].join(' ')} meridian --help\n` },
    says: 'docs/a.md:1: npm may take the flags of this program',
    good: { 'docs/a.md': 'npx --no -- meridian --help\n' },
  },
  'the compiler is not silenced': {
    check: words.overruledCompiler,
    bad: { 'a.ts': `// ${silenced('ignore')} it is wrong here` },
    says: 'a.ts:1: the compiler is silenced',
    good: { 'a.ts': '// ignored' },
  },
  'an error is expected with a reason': {
    check: words.overruledCompiler,
    bad: { 'a.ts': `// ${silenced('expect-error')}\ncall();` },
    says: 'a.ts:1: an expected error without its reason',
    good: { 'a.ts': `// ${silenced('expect-error')}: a slot is no round` },
  },
  'a rule is disabled with a reason': {
    check: words.overruledLint,
    bad: { 'a.ts': `${disabled('disable-next-line')} no-console` },
    says: 'a.ts:1: a rule is disabled without',
    good: { 'a.ts': `${disabled('disable-next-line')} no-console -- the only printer there is` },
  },
  'a boundary is never disabled': {
    check: words.overruledLint,
    bad: { 'a.ts': `${disabled('disable-line')} @nx/enforce-module-boundaries -- this once only` },
    says: 'a.ts:1: a rule that has no exceptions',
    good: { 'a.ts': '// lint knows nx boundaries' },
  },
  'no path of one machine is written down': {
    check: words.machinePaths,
    bad: { 'a.json': `{ "at": "${folder}" }` },
    says: 'a.json:1: a path of one machine',
    good: { 'a.json': `{ "at": "https://example.org${folder}", "b": "${folder.slice(1)}" }` },
  },
  'no host of a registry is written down': {
    check: words.registryHosts,
    bad: { 'a.md': `Take it from https://${host}/pg.` },
    says: 'a.md:1: the host of a registry',
    good: { 'package-lock.json': '"resolved": "libs/a", "url": "https://example.org"' },
  },
};

const listed = (files: Files): readonly TextFile[] =>
  Object.entries(files).map(([path, text]) => ({ path, text }));

describe('the check that', () => {
  test.each(Object.entries(CASES))('%s can fail, and not too easily', (_, one) => {
    const found = one.check(listed(one.bad));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(one.says);
    expect(one.check(listed(one.good))).toEqual([]);
  });
});

describe('in this repository', () => {
  const files = repositoryFiles();

  const asked = new Set<Check>();

  for (const [name, { check }] of Object.entries(CASES)) {
    if (asked.has(check)) continue;
    asked.add(check);
    test(name, () => {
      expect(check(files)).toEqual([]);
    });
  }

  test('the files are found without git, too', () => {
    const walked = new Set(walk(''));
    expect(files.map(({ path }) => path).filter(path => !walked.has(path))).toEqual([]);
    expect(files.length).toBeGreaterThan(50);
  });
});
