import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@meridian/prelude';
import { STORES, type StoreName } from './site.ts';
import type { Wanted } from './storm.ts';
import { WEATHER } from './weather.ts';

const [LEVELS_MAX, CLIENTS_MAX, SIGNERS_MAX, SEED_MAX] = [1_000_000, 200, 16, 2 ** 31 - 1];
const OPTIONS = {
  levels: { type: 'string', default: '100' },
  clients: { type: 'string', default: '100' },
  store: { type: 'string', default: 'postgres' },
  signers: { type: 'string' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const lines = (table: Readonly<Record<string, { readonly meaning: string }>>): string =>
  Object.entries(table)
    .map(([name, { meaning }]) => `  ${name.padEnd(14)} ${meaning}`)
    .join('\n');

export const USAGE = `npm run storm -- [options]

Clients ask real signers for payloads that conflict, level by level, while those are killed and cut off. All signatures
that left are judged together: one payload for each key, kind, level and round.

  --levels N       how long; 100
  --clients N      who ask at once; 100
  --store STORE    on what the signers are started; postgres
  --signers N      how many they are; ${STORES.postgres.signers} on postgres, ${STORES.sqlite.signers} on sqlite
  --seed S         where all chance of the plan comes from; 1
  --json           one JSON object as the last line

Stores:
${lines(STORES)}

Weather:
${lines(WEATHER)}

Exit status: 0 when nothing was violated, 1 when something was, 2 when misused.`;

/** What a command line wants. */
export type Words = { readonly wanted: Wanted; readonly json: boolean };

/** Reads a command line; the error is for people and names the option. */
export function readWords(args: string[]): Result<Words | 'help', string> {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    if (values.help) return ok('help');
    const store = storeOf(values.store);
    const signers = values.signers ?? STORES[store].signers.toString();
    const wanted = {
      store,
      levels: whole('--levels', values.levels, 1, LEVELS_MAX),
      clients: whole('--clients', values.clients, 1, CLIENTS_MAX),
      signers: whole('--signers', signers, 1, SIGNERS_MAX),
      seed: whole('--seed', values.seed, 0, SEED_MAX),
    };
    return ok({ wanted, json: values.json });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

/** The one command that plays a storm again: its requests and its weather, though not their very order. */
export function commandOf({ store, levels, clients, signers, seed }: Wanted): string {
  const what = `--store ${store} --levels ${levels} --clients ${clients} --signers ${signers}`;
  return `npm run storm -- ${what} --seed ${seed}`;
}

function storeOf(text: string): StoreName {
  if (Object.hasOwn(STORES, text)) return text as StoreName;
  throw new Error(`--store: ${text} is none of ${Object.keys(STORES).join(', ')}`);
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${option} is a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}
