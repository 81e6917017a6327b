import type { Plant } from './planted.ts';

type Row = readonly [says: string, file: string, text: string, refusedBy?: string];

const plant = ([says, file, text, refusedBy]: Row): Plant => ({ says, file, text, refusedBy });
const from = (name: string): string => `export * from '${name}';`;

const TAGS = 'onlyTagsConstraintViolation';
const REACHES = 'notTagsConstraintViolation';
const PACKAGE = 'bannedExternalImportsViolation';

/** Imports of our own projects that more than the layers decide. */
export const reached: readonly Plant[] = (
  [
    [
      'prelude imports nothing',
      'libs/prelude/src/a.ts',
      from('@meridian/tezos'),
      'emptyOnlyTagsConstraintViolation',
    ],
    ['the signer imports keys', 'apps/signer/src/a.ts', from('@meridian/keystore')],
    ['the signer imports marks', 'apps/signer/src/a.ts', from('@meridian/watermark-store')],
    ['test imports keys', 'test/src/a.ts', from('@meridian/keystore')],
    ['test imports marks', 'test/src/a.ts', from('@meridian/watermark-store')],
    ['testkit imports keys', 'libs/testkit/holder/src/a.ts', from('@meridian/keystore')],
    [
      'testkit imports marks',
      'libs/testkit/any-testkit/src/a.ts',
      from('@meridian/watermark-store'),
    ],
    ['no other app imports keys', 'apps/operator/src/a.ts', from('@meridian/keystore'), REACHES],
    [
      'no other app imports marks',
      'apps/any-app/src/a.ts',
      from('@meridian/watermark-store'),
      REACHES,
    ],
    ['the sandbox imports no keys', 'apps/sandbox/src/a.ts', from('@meridian/keystore'), REACHES],
    ['no lib imports keys', 'libs/io/vault/src/a.ts', from('@meridian/keystore'), REACHES],
    ['no lib imports marks', 'libs/io/any-io/src/a.ts', from('@meridian/watermark-store'), REACHES],
    [
      'no test beside sources imports keys',
      'libs/io/any-io/src/a.test.ts',
      from('@meridian/keystore'),
      REACHES,
    ],
    [
      'no app reaches keys through a lib',
      'apps/any-app/src/a.ts',
      from('@meridian/vault'),
      REACHES,
    ],
    [
      'the sandbox reaches no keys through testkit',
      'apps/sandbox/src/a.ts',
      from('@meridian/holder'),
      REACHES,
    ],
    [
      'sandbox-chain imports protocol values',
      'libs/testkit/sandbox-chain/src/a.ts',
      from('@meridian/tezos'),
    ],
    [
      'sandbox-chain imports no automaton',
      'libs/testkit/sandbox-chain/src/a.ts',
      from('@meridian/tenderbake'),
      REACHES,
    ],
    [
      'sandbox-chain imports no rule of marks',
      'libs/testkit/sandbox-chain/src/a.ts',
      from('@meridian/watermark'),
      REACHES,
    ],
    [
      'a core lib imports the rule of marks',
      'libs/core/judge/src/a.ts',
      from('@meridian/watermark'),
    ],
    [
      'sandbox-chain reaches no rule of marks',
      'libs/testkit/sandbox-chain/src/a.ts',
      from('@meridian/judge'),
      REACHES,
    ],
    [
      'other testkit imports the rule of marks',
      'libs/testkit/any-testkit/src/a.ts',
      from('@meridian/watermark'),
    ],
    ['a test of io may import testkit', 'libs/io/any-io/src/a.test.ts', from('@meridian/faults')],
    [
      'a test of core may import testkit',
      'libs/core/any-core/src/a.test.ts',
      from('@meridian/faults'),
    ],
    [
      'a test of core may not import io',
      'libs/core/any-core/src/a.test.ts',
      from('@meridian/database'),
      TAGS,
    ],
    [
      'a test of an app may not import an app',
      'apps/any-app/src/a.test.ts',
      from('@meridian/operator'),
      TAGS,
    ],
  ] satisfies readonly Row[]
).map(plant);

/** Ways around the rules. */
export const smuggled: readonly Plant[] = (
  [
    [
      'a path into another lib is refused',
      'libs/io/any-io/src/b.ts',
      from('../../database/src/index.ts'),
      'noRelativeOrAbsoluteImportsAcrossLibraries',
    ],
    [
      'a path from an app into a lib is refused',
      'apps/any-app/src/b.ts',
      from('../../../libs/io/keystore/src/index.ts'),
      'noRelativeOrAbsoluteImportsAcrossLibraries',
    ],
    ['an app imports the launcher', 'apps/any-app/bin.mjs', from('../launch.mjs')],
    [
      'an app imports no other file outside',
      'apps/any-app/bin.mjs',
      from('../tether.mjs'),
      'noRelativeOrAbsoluteExternals',
    ],
    [
      'a lib does not import the launcher',
      'libs/io/any-io/src/b.ts',
      from('../../../../apps/launch.mjs'),
      'noRelativeOrAbsoluteExternals',
    ],
    [
      'one half of a cycle is refused',
      'libs/core/one/src/b.ts',
      from('@meridian/other'),
      'noCircularDependencies',
    ],
    [
      'the other half of a cycle is refused',
      'libs/core/other/src/b.ts',
      from('@meridian/one'),
      'noCircularDependencies',
    ],
    [
      'a package that is not declared is refused',
      'libs/core/undeclared/src/b.ts',
      from('@noble/hashes/blake2.js'),
      'noTransitiveDependencies',
    ],
    [
      'a path of a package is allowed with it',
      'libs/core/any-core/src/b.ts',
      from('@noble/hashes/blake2.js'),
    ],
    [
      'a path of a package is refused with it',
      'apps/any-app/src/b.ts',
      from('undici/types'),
      PACKAGE,
    ],
    [
      'a type of a package is refused with it',
      'apps/any-app/src/b.ts',
      "export type { Agent } from 'undici';",
      PACKAGE,
    ],
    [
      'an import at run time is refused',
      'apps/any-app/src/b.ts',
      "export const undici = (): unknown => import('undici');",
      PACKAGE,
    ],
    [
      'an import inside a type is refused',
      'apps/any-app/src/b.ts',
      "export type Undici = typeof import('undici');",
      '@typescript-eslint/consistent-type-imports',
    ],
    [
      'a computed import is refused in apps',
      'apps/any-app/src/b.ts',
      'export const hidden = (name: string): unknown => import(name);',
      'no-restricted-syntax',
    ],
    [
      'a computed import is refused in libs',
      'libs/io/any-io/src/b.ts',
      'export const hidden = (): unknown => import(`undici`);',
      'no-restricted-syntax',
    ],
    [
      'createRequire is refused in apps',
      'apps/any-app/src/b.ts',
      "export { createRequire } from 'node:module';",
      'no-restricted-imports',
    ],
    [
      'createRequire is refused in libs',
      'libs/io/any-io/src/b.ts',
      "export { createRequire } from 'module';",
      'no-restricted-imports',
    ],
    ['a test may import the test tools', 'libs/core/any-core/src/b.test.ts', from('vitest')],
    ['a test may import what draws cases', 'apps/any-app/src/b.test.ts', from('fast-check')],
    [
      'a test may import no package of others',
      'apps/any-app/src/b.test.ts',
      from('undici'),
      PACKAGE,
    ],
  ] satisfies readonly Row[]
).map(plant);

const IMPURE = [
  ...['Date', 'Temporal', 'Intl', 'performance', 'setTimeout', 'setInterval', 'setImmediate'],
  ...['queueMicrotask', 'Atomics', 'crypto', 'fetch', 'WebSocket', 'EventSource', 'WeakRef'],
  ...['FinalizationRegistry', 'process', 'Buffer', 'console', 'require', 'globalThis', 'global'],
  ...['eval', 'Function'],
];

/** What the pure layers go without, and the others and their tests do not. */
export const impure: readonly Plant[] = [
  ...['libs/core/any-core', 'libs/prelude'].flatMap(folder => impurities(folder)),
  ...(
    [
      ['io may tell the time', 'libs/io/any-io/src/c.ts', 'export const now = Date.now();'],
      ['io may draw chance', 'libs/io/any-io/src/c.ts', 'export const chance = Math.random();'],
      ['io may read files', 'libs/io/any-io/src/c.ts', from('node:fs')],
      [
        'a test of core may tell the time',
        'libs/core/any-core/src/c.test.ts',
        'export const now = Date.now();',
      ],
      ['a test of core may read files', 'libs/core/any-core/src/c.test.ts', from('node:fs')],
      ['core may hash', 'libs/core/any-core/src/third-parties.ts', from('@noble/hashes/blake2.js')],
      [
        'core may sign',
        'libs/core/any-core/src/third-parties.ts',
        from('@noble/curves/ed25519.js'),
      ],
      ['core may aggregate', 'libs/core/any-core/src/third-parties.ts', from('@chainsafe/blst')],
      ['core may calculate', 'libs/core/any-core/src/c.ts', 'export const most = Math.max(1, 2);'],
    ] satisfies readonly Row[]
  ).map(plant),
];

function impurities(folder: string): readonly Plant[] {
  const file = `${folder}/src/impure.ts`;
  const globals = IMPURE.map((name): Row => {
    const text = `export const type${name} = typeof ${name};`;
    return [`${folder} may not name ${name}`, file, text, 'no-restricted-globals'];
  });
  const modules = ['node:fs', 'fs', 'fs/promises', 'node:crypto', 'node:test', 'module'];
  const imports = modules.map((name, at): Row => {
    const text = `export * as module${at} from '${name}';`;
    return [`${folder} may not import ${name}`, file, text, 'no-restricted-imports'];
  });
  const others: readonly Row[] = [
    [
      `${folder} may not draw chance`,
      file,
      'export const chance = Math.random();',
      'no-restricted-properties',
    ],
    [
      `${folder} may not take chance out`,
      file,
      'export const { random } = Math;',
      'no-restricted-properties',
    ],
    [
      `${folder} may import nothing later`,
      file,
      "export const fs = (): unknown => import('node:fs');",
      'no-restricted-syntax',
    ],
  ];
  return [...globals, ...imports, ...others].map(plant);
}

const lines = (count: number, line: string): string => `${line}\n`.repeat(count);
const functionOf = (count: number): string =>
  `export function long(total: number): number {\n${lines(count - 3, '  total += 1;')}  return total;\n}`;

/** The other rules of the house. */
export const untidy: readonly Plant[] = (
  [
    ['a lib does not print', 'libs/io/any-io/src/d.ts', "console.log('here');", 'no-console'],
    ['an app may print', 'apps/any-app/src/d.ts', "console.log('here');"],
    ['a function of 70 lines is fine', 'libs/io/any-io/src/short.ts', functionOf(70)],
    [
      'a function of 71 lines is refused',
      'libs/io/any-io/src/long.ts',
      functionOf(71),
      'max-lines-per-function',
    ],
    [
      'a file of 401 lines is refused',
      'libs/io/any-io/src/huge.ts',
      `export const a = [\n${lines(399, '  1,')}];`,
      'max-lines',
    ],
    [
      'a switch names every case',
      'libs/io/any-io/src/d.ts',
      "export function f(x: 'a' | 'b'): number { switch (x) { case 'a': return 1; } return 0; }",
      '@typescript-eslint/switch-exhaustiveness-check',
    ],
    [
      'a promise is not dropped',
      'apps/any-app/src/d.ts',
      'Promise.resolve(1);',
      '@typescript-eslint/no-floating-promises',
    ],
    [
      'a disabled rule is one that was broken',
      'apps/any-app/src/d.ts',
      'export const fine = 1; // eslint' + '-disable-line no-console',
      'Unused eslint-disable directive',
    ],
  ] satisfies readonly Row[]
).map(plant);
