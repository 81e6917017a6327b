/**
 * What may import what: the whole rule set in one place. `eslint.config.js` enforces it, `nx-projects.js` tags every
 * project from it, and `test/gates/boundaries.test.ts` proves that each line of it bites.
 *
 * A project is named by its tags: `layer:LAYER`, and `app:NAME` under apps/ or `lib:NAME` under libs/.
 */

/**
 * Where the projects of a layer are, and which layers they may import.
 * @type {Record<string, { folder: string, imports: string[] }>}
 */
export const layers = {
  prelude: { folder: 'libs/prelude', imports: [] },
  core: { folder: 'libs/core/*', imports: ['layer:prelude', 'layer:core'] },
  io: { folder: 'libs/io/*', imports: ['layer:prelude', 'layer:core', 'layer:io'] },
  app: { folder: 'apps/*', imports: ['layer:prelude', 'layer:core', 'layer:io'] },
  testkit: {
    folder: 'libs/testkit/*',
    imports: ['layer:prelude', 'layer:core', 'layer:io', 'layer:testkit'],
  },
  test: {
    folder: 'test',
    imports: ['layer:prelude', 'layer:core', 'layer:io', 'layer:testkit', 'layer:app'],
  },
};

/**
 * What one project may import beyond its layer.
 * @type {Record<string, string[]>}
 */
export const extra = {
  'app:sandbox': ['layer:testkit'],
};

/** The one file outside all projects that apps import: what starts them. */
export const launcher = '../launch.mjs';

/**
 * Libs that nobody reaches, not even through another lib, but these.
 * @type {Record<string, string[]>}
 */
export const reserved = {
  'lib:keystore': ['app:signer', 'layer:testkit', 'layer:test'],
  'lib:watermark-store': ['app:signer', 'layer:testkit', 'layer:test'],
};

/**
 * What one project must not reach: a judge that shares code with the accused proves nothing.
 * @type {Record<string, string[]>}
 */
export const forbidden = {
  'lib:sandbox-chain': ['lib:tenderbake', 'lib:watermark'],
};

/**
 * Who imports a third-party package. One that is not listed is imported in `test/` at most, which may import what its
 * package.json or the root's declares.
 * @type {Record<string, string[]>}
 */
export const packages = {
  '@noble/*': ['layer:core', 'layer:testkit'],
  '@chainsafe/blst': ['layer:core'],
  '@taquito/local-forging': ['app:operator', 'app:signer'],
  '@taquito/http-utils': ['lib:node-pool'],
  '@taquito/rpc': ['lib:node-pool'],
  'p-retry': ['lib:node-pool'],
  bottleneck: ['lib:node-pool'],
  undici: ['lib:node-pool', 'lib:signer-client', 'lib:snapshot'],
  express: ['lib:service', 'app:signer', 'app:sandbox'],
  pg: ['lib:database', 'layer:testkit'],
  pkcs11js: ['lib:keystore'],
  'prom-client': ['lib:service'],
  pino: ['lib:service'],
  yaml: ['lib:service'],
  zod: ['lib:service'],
  '@noble/ciphers': ['lib:keystore'],
  commander: ['layer:app'],
  vitest: ['layer:testkit'],
  'fast-check': ['layer:testkit'],
};

/** What a test beside the sources (`*.test.ts`) may import beyond its project. */
export const testsMayImport = { projects: ['layer:testkit'], packages: ['vitest', 'fast-check'] };

/** Layers without clock, chance, input or output. */
export const pureLayers = ['prelude', 'core'];

/** Globals that would let the world into the pure layers. */
export const impureGlobals = [
  ...['Date', 'Temporal', 'Intl', 'performance'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Atomics'],
  ...['crypto', 'fetch', 'WebSocket', 'EventSource', 'WeakRef', 'FinalizationRegistry'],
  ...['process', 'Buffer', 'console', 'require', 'globalThis', 'global', 'eval', 'Function'],
];
