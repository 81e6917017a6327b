import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@meridian/prelude';
import { FAULTS } from './faults.ts';
import { PROFILES, type ProfileName } from './profiles.ts';

/** The stores that signers can be started on. */
export const STORES = {
  sqlite: 'files; one signer at a time',
  postgres: 'a PostgreSQL that is started for it',
  cockroach: 'the cluster of MERIDIAN_TEST_SQL_URL',
} as const;
export type StoreName = keyof typeof STORES;

const REPLICAS_MAX = 16;
const SHARED_CASES = join(import.meta.dirname, '../../../../shared/vectors/signer_cases.json');
const OPTIONS = {
  cases: { type: 'string' },
  store: { type: 'string' },
  replicas: { type: 'string' },
  url: { type: 'string' },
  profile: { type: 'string' },
  only: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const lines = (table: Readonly<Record<string, string>>): string =>
  Object.entries(table)
    .map(([name, meaning]) => `  ${name.padEnd(20)} ${meaning}`)
    .join('\n');
const meanings = (table: Readonly<Record<string, { readonly meaning: string }>>): string =>
  lines(Object.fromEntries(Object.entries(table).map(([name, { meaning }]) => [name, meaning])));

export const USAGE = `npm run conformance -- [options]

  --cases FILE         a file of cases; ../shared/vectors/signer_cases.json
  --store STORE        on what signers are started; sqlite
  --replicas N         every case over N signers on one database, asked in turn
  --url URL            the cases that need no setting up, against a signer that runs
  --profile PROFILE    what that signer is; meridian
  --only ID…           these cases alone
  --json               one JSON object as the last line

Stores:
${lines(STORES)}

Profiles:
${meanings(PROFILES)}

Faults that a case may ask for:
${meanings(FAULTS)}

Exit status: 0 when no case failed, 1 when one did, 2 when misused.`;

/** What a command line wants. */
export type Wanted = {
  readonly cases: string;
  readonly only: readonly string[];
  readonly json: boolean;
  readonly against:
    | { readonly store: StoreName; readonly replicas: number | undefined }
    | { readonly url: string; readonly profile: ProfileName };
};

/** Reads a command line; the error is for people and names the option. */
export function readWords(args: string[]): Result<Wanted | 'help', string> {
  try {
    const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
    if (values.help) return ok('help');
    const only = [...(values.only ?? []), ...positionals].flatMap(ids => ids.split(','));
    if (positionals.length > 0 && values.only === undefined)
      throw new Error(`${positionals[0] ?? ''} is no option; ids follow --only`);
    const { cases = SHARED_CASES, json, url, profile, store, replicas } = values;
    if (!existsSync(cases)) throw new Error(`--cases: there is no file ${cases}`);
    if (url === undefined) {
      if (profile !== undefined) throw new Error('--profile is of a signer that runs, with --url');
      const against = {
        store: oneOf('--store', store ?? 'sqlite', STORES),
        replicas: replicasOf(replicas),
      };
      if (against.store === 'sqlite' && (against.replicas ?? 1) > 1)
        throw new Error('--replicas: one process holds a SQLite store; take another --store');
      return ok({ cases, only, json, against });
    }
    if (store !== undefined || replicas !== undefined)
      throw new Error('--store and --replicas are of signers that are started, without --url');
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new Error(`--url: ${url} is no URL of a signer`);
    return ok({
      ...{ cases, only, json },
      against: { url, profile: oneOf('--profile', profile ?? 'meridian', PROFILES) },
    });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<Name extends string>(
  option: string,
  value: string,
  table: Readonly<Record<Name, unknown>>,
): Name {
  if (Object.hasOwn(table, value)) return value as Name;
  throw new Error(`${option}: ${value} is none of ${Object.keys(table).join(', ')}`);
}

function replicasOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const count = Number(value);
  if (Number.isInteger(count) && count >= 1 && count <= REPLICAS_MAX) return count;
  throw new Error(`--replicas: ${value} is no whole number from 1 to ${REPLICAS_MAX}`);
}
