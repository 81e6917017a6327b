import type { Project } from './skeleton.ts';
import { impure, reached, smuggled, untidy } from './planted-singly.ts';

/**
 * Something planted in a skeleton, and the rule that must refuse it: an ESLint rule, or the message of the Nx rule.
 * `undefined`: it is allowed. Plants of the same file follow one another in it.
 */
export type Plant = {
  readonly says: string;
  readonly file: string;
  readonly text: string;
  readonly refusedBy: string | undefined;
};

/** Third-party packages of the table, and the projects that may import them. */
const PACKAGES: Record<string, readonly string[]> = {
  '@noble/hashes': ['libs/core/any-core', 'libs/testkit/any-testkit'],
  '@noble/curves': ['libs/core/any-core', 'libs/testkit/any-testkit'],
  '@chainsafe/blst': ['libs/core/any-core'],
  '@taquito/local-forging': ['apps/operator', 'apps/signer'],
  '@taquito/http-utils': ['libs/io/node-pool'],
  '@taquito/rpc': ['libs/io/node-pool'],
  'p-retry': ['libs/io/node-pool'],
  bottleneck: ['libs/io/node-pool'],
  undici: ['libs/io/node-pool', 'libs/io/signer-client', 'libs/io/snapshot'],
  express: ['libs/io/service', 'apps/signer', 'apps/sandbox'],
  pg: ['libs/io/database', 'libs/testkit/any-testkit'],
  pkcs11js: ['libs/io/keystore'],
  'prom-client': ['libs/io/service'],
  pino: ['libs/io/service'],
  yaml: ['libs/io/service'],
  zod: ['libs/io/service'],
  '@noble/ciphers': ['libs/io/keystore', 'libs/core/any-core', 'libs/testkit/any-testkit'],
  commander: ['apps/operator', 'apps/signer', 'apps/sandbox', 'apps/any-app'],
  vitest: ['libs/testkit/any-testkit'],
  'fast-check': ['libs/testkit/any-testkit'],
  // One that no line of the table names.
  axios: [],
};
/** What the lockfile of the skeleton holds. */
export const packages = Object.keys(PACKAGES);

const dependencies = Object.fromEntries(packages.map(name => [name, '1.0.0']));
const { pkcs11js, ...required } = dependencies;

/** Who imports packages: at least one of each layer, and every project that may import what others may not. */
const IMPORTERS = [
  ...[
    'libs/prelude',
    'libs/core/any-core',
    'libs/io/any-io',
    'apps/any-app',
    'libs/testkit/any-testkit',
  ],
  ...['libs/io/node-pool', 'libs/io/signer-client', 'libs/io/snapshot', 'libs/io/service'],
  ...['libs/io/database', 'libs/io/keystore', 'apps/operator', 'apps/signer', 'apps/sandbox'],
  'test',
];

/** Projects that others import. Nobody imports an `any`, so that what is planted there makes no cycle. */
const TARGETS = [
  ...['libs/core/tezos', 'libs/core/tenderbake', 'libs/core/watermark', 'libs/core/judge'],
  ...['libs/io/watermark-store', 'libs/io/vault', 'libs/testkit/faults'],
  ...['libs/testkit/sandbox-chain', 'libs/testkit/holder', 'libs/core/undeclared'],
  ...['libs/core/one', 'libs/core/other'],
];

/** The projects of the skeleton, those of design that do not exist yet included. */
export const projects: readonly Project[] = [...IMPORTERS, ...TARGETS].map(folder => {
  if (folder === 'libs/io/keystore') {
    return { folder, manifest: { dependencies: required, optionalDependencies: { pkcs11js } } };
  }
  return { folder, manifest: folder === 'libs/core/undeclared' ? {} : { dependencies } };
});

/** Everything that is planted. */
export function plants(): readonly Plant[] {
  return [...packagePlants(), ...layerPlants(), ...reached, ...smuggled, ...impure, ...untidy];
}

function packagePlants(): readonly Plant[] {
  return IMPORTERS.flatMap(importer =>
    Object.entries(PACKAGES).map(([name, homes], at) => {
      const allowed = importer === 'test' || homes.includes(importer);
      return {
        says: `${importer} ${allowed ? 'may' : 'may not'} import ${name}`,
        file: `${importer}/src/packages.ts`,
        text: `export * as package${at} from '${name}';`,
        refusedBy: allowed ? undefined : 'bannedExternalImportsViolation',
      };
    }),
  );
}

/** Which of one project for each layer a project of each layer may import. */
const LAYERS: Record<string, readonly string[]> = {
  'libs/core/any-core': ['prelude', 'tezos'],
  'libs/io/any-io': ['prelude', 'tezos', 'database'],
  'apps/any-app': ['prelude', 'tezos', 'database'],
  'apps/sandbox': ['prelude', 'tezos', 'database', 'faults'],
  'libs/testkit/any-testkit': ['prelude', 'tezos', 'database', 'faults'],
  test: ['prelude', 'tezos', 'database', 'faults', 'operator'],
};

function layerPlants(): readonly Plant[] {
  const targets = ['prelude', 'tezos', 'database', 'faults', 'operator'];
  return Object.entries(LAYERS).flatMap(([importer, allowedTargets]) =>
    targets.map(target => {
      const allowed = allowedTargets.includes(target);
      return {
        says: `${importer} ${allowed ? 'may' : 'may not'} import ${target}`,
        file: `${importer}/src/layers.ts`,
        text: `export * as ${target} from '@meridian/${target}';`,
        refusedBy: allowed ? undefined : 'onlyTagsConstraintViolation',
      };
    }),
  );
}
