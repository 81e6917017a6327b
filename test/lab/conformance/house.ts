import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duration, instant } from '@meridian/prelude';
import { level, type ChainId, type PublicKeyHash } from '@meridian/tezos';
import type { Horizon } from '@meridian/watermark';
import type { CaseFile, Key, SetUp } from './case-file.ts';

/** What the signers of a case have to know, in our own words. */
export type House = {
  readonly folder: string;
  readonly site: string;
  readonly chains: readonly ChainId[];
  readonly pkhs: readonly PublicKeyHash[];
  /** Null: nobody set up a row. */
  readonly floor: { readonly level: number; readonly round: number } | null;
  readonly horizon: Horizon;
  /** The part of the configuration that does not depend on the store. */
  readonly configuration: object;
  readonly remove: () => void;
};

/** What a key of a file is for, by its name; the first that fits. */
const ROLES: readonly (readonly [
  name: RegExp,
  role: 'absent' | 'rogue' | 'client' | 'companion',
])[] = [
  [/^unknown/, 'absent'],
  [/rogue/, 'rogue'],
  [/^client/, 'client'],
  [/^companion/, 'companion'],
];

function keysOf(keys: CaseFile['keys'], wanted: string): readonly (readonly [string, Key])[] {
  return Object.entries(keys).filter(([name]) => roleOf(name) === wanted);
}

function roleOf(name: string): string {
  return ROLES.find(([fits]) => fits.test(name))?.[1] ?? 'consensus';
}

/** The keys that a signer holds. */
export function heldKeys(keys: CaseFile['keys']): readonly Key[] {
  return ['consensus', 'companion'].flatMap(role => keysOf(keys, role).map(([, key]) => key));
}

/** A line that stays where it is for as long as a case may take. */
const BLOCK_DELAY_MS = 86_400_000;
/** Where a case draws no line, no level is too high. */
const NO_LINE_LEVELS = 2 ** 31;

/** Makes the folder of the signers of a case, with its keys. */
export function furnish({ meta, keys }: CaseFile, setUp: SetUp): House {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-conformance-'));
  const site = 'here';
  const chains = (setUp.allowed_chains ?? [meta.mainnet_chain_id]) as ChainId[];
  const secrets = join(folder, 'keys');
  mkdirSync(secrets);
  const files = ['consensus', 'companion'].flatMap(role =>
    keysOf(keys, role).map(([name, { secret_key: secret }]) => {
      const secretFile = join(secrets, `${name}.secret`);
      writeFileSync(secretFile, `unencrypted:${secret}\n`, { mode: 0o600 });
      return { name, secretFile, role };
    }),
  );
  const clients = keysOf(keys, 'client').map(([, { public_key: publicKey }]) => publicKey);
  return {
    ...{ folder, site, chains },
    pkhs: heldKeys(keys).map(({ public_key_hash: pkh }) => pkh as PublicKeyHash),
    floor: setUp.floor ?? null,
    horizon: {
      baseLevel: level(setUp.head_level ?? 0),
      baseTime: instant(Date.now()),
      minimalBlockDelay: duration(BLOCK_DELAY_MS),
      slackLevels: setUp.max_ahead ?? NO_LINE_LEVELS,
    },
    configuration: {
      ...{ site, chains },
      listen: { port: 0 },
      operations: { port: 0 },
      keys: files,
      authorizedKeys: setUp.require_authentication ? clients : [],
      allow: {
        knownKeys: setUp.allow_list_known_keys,
        provePossession: setUp.allow_to_prove_possession,
      },
      logLevel: 'debug',
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
