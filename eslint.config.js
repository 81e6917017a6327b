import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { createProjectGraphAsync, readCachedProjectGraph } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import * as boundaries from './boundaries.js';
import { projectIn } from './nx-projects.js';

// The boundary rule passes in silence while no project graph is cached, as in a fresh clone, and judges by yesterday's
// graph when an old one is. So every run makes the graph first, without plugin workers and their sockets.
process.env['NX_ISOLATE_PLUGINS'] ??= 'false';
await createProjectGraphAsync();
readCachedProjectGraph();

// Its types are of an older ESLint.
const nxPlugin = /** @type {import('eslint').ESLint.Plugin} */ (/** @type {unknown} */ (nx));
const sources = ['libs/**/*.ts', 'apps/*/src/**/*.ts'];
const tests = ['**/*.test.ts'];

/** What the whole tree keeps to. */
const everywhere = defineConfig({
  files: ['**/*.{ts,js,mjs}'],
  extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
  languageOptions: {
    parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
  },
  linterOptions: { reportUnusedDisableDirectives: 'error' },
  rules: {
    eqeqeq: 'error',
    'max-lines': ['error', 400],
    'max-lines-per-function': ['error', 70],
    '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
    '@typescript-eslint/consistent-type-imports': 'error',
    '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    '@typescript-eslint/no-unnecessary-condition': [
      'error',
      { allowConstantLoopConditions: 'only-allowed-literals' },
    ],
    '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
    '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    '@typescript-eslint/switch-exhaustiveness-check': 'error',
  },
});

/** Imports that the boundary rule cannot read would pass every boundary. */
const readableImports = defineConfig({
  files: sources,
  rules: {
    'no-restricted-imports': ['error', 'module', 'node:module'],
    'no-restricted-syntax': [
      'error',
      { selector: 'ImportExpression[source.type!="Literal"]', message: 'Name what is imported.' },
    ],
  },
});

/** No clock, chance, input or output: what is pure is given them as values. */
const pure = defineConfig({
  files: boundaries.pureLayers.map(layer => `${boundaries.layers[layer]?.folder}/**/*.ts`),
  ignores: tests,
  rules: {
    'no-restricted-globals': ['error', ...boundaries.impureGlobals],
    'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: `^(node:.*|${builtinModules.join('|')})$` }] },
    ],
    'no-restricted-syntax': ['error', 'ImportExpression'],
  },
});

/**
 * What `boundaries.js` says about one project, for its tests or for the rest of it.
 * @param {string} folder
 * @param {boolean} inTests
 * @returns {import('eslint').Linter.Config}
 */
function boundary(folder, inTests) {
  const { name, tags, imports } = projectIn(folder);
  const { projects, packages } = inTests
    ? boundaries.testsMayImport
    : { projects: [], packages: [] };
  /** @param {Record<string, string[]>} table */
  const granted = table =>
    Object.keys(table).filter(key => table[key]?.some(importer => tags.includes(importer)));
  const free = granted(boundaries.reserved);
  const allowedPackages = [...granted(boundaries.packages), ...packages];
  const constraint = {
    sourceTag: name,
    onlyDependOnLibsWithTags: [...imports, ...(boundaries.extra[name] ?? []), ...projects],
    notDependOnLibsWithTags: [
      ...Object.keys(boundaries.reserved).filter(lib => !free.includes(lib)),
      ...(boundaries.forbidden[name] ?? []),
    ],
    allowedExternalImports:
      name === 'layer:test' ? ['*'] : allowedPackages.flatMap(one => [one, `${one}/*`]),
  };
  // The rule takes an optional dependency for an undeclared one.
  const optional = optionalDependenciesOf(folder).filter(one => allowedPackages.includes(one));
  const allow = [...optional, ...(tags.includes('layer:app') ? [boundaries.launcher] : [])];
  return {
    files: [`${folder}/**/*${inTests ? '.test.ts' : ''}`],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          banTransitiveDependencies: true,
          allow: allow.map(exactly),
          depConstraints: [constraint],
        },
      ],
    },
  };
}

/** The pattern of one name: the rule reads expressions and would find it in longer names too. */
const exactly = (/** @type {string} */ one) => `^${one.replaceAll('.', String.raw`\.`)}$`;

/** @param {string} folder */
function optionalDependenciesOf(folder) {
  const text = readFileSync(join(import.meta.dirname, folder, 'package.json'), 'utf8');
  const manifest = /** @type {{ optionalDependencies?: object }} */ (JSON.parse(text));
  return Object.keys(manifest.optionalDependencies ?? {});
}

const folders = globSync('{apps,libs,test}/**/package.json', {
  cwd: import.meta.dirname,
  exclude: ['**/node_modules'],
}).map(file => dirname(file));

export default defineConfig(
  { ignores: ['.nx/', 'coverage/'] },
  everywhere,
  readableImports,
  pure,
  { files: ['libs/**'], ignores: tests, rules: { 'no-console': 'error' } },
  // A describe block is a table of contents, not a function; `tidy` measures the functions in it.
  {
    files: tests,
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'max-lines-per-function': 'off' },
  },
  { plugins: { '@nx': nxPlugin } },
  // Lint does not see the casts of plain JavaScript; the compiler does.
  {
    files: ['**/*.{js,mjs}'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  folders.flatMap(folder => [boundary(folder, false), boundary(folder, true)]),
);
