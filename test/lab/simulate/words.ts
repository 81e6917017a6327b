import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@meridian/prelude';
import { CURVES, FAULTS, type Curve, type Fault, type Simulation } from '@meridian/simulation';
import { PROTOCOLS } from '@meridian/tezos';

const SEED_MAX = 2 ** 31 - 1;
const LEVELS_MAX = 1_000_000;
const KEYS_MAX = 500;
const OPTIONS = {
  seed: { type: 'string', default: '1' },
  levels: { type: 'string', default: '100' },
  keys: { type: 'string', default: '1' },
  curves: { type: 'string', default: 'tz1' },
  protocol: { type: 'string', default: '025' },
  faults: { type: 'string', default: 'all' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;
const NUMBERS = PROTOCOLS.filter(({ support }) => support === 'full').map(({ number }) => number);

export const USAGE = `npm run simulate -- [options]

  --seed S         where all chance comes from; 1
  --levels N       how long; 100
  --keys N         how many keys vote; 1
  --curves LIST    of which curves they are in turn: ${CURVES.join(',')}; tz1
  --protocol P     ${NUMBERS.join(', ')}; 025
  --faults LIST    all, none or some of those below; all
  --json           one JSON object as the last line

Faults:
${Object.entries(FAULTS)
  .map(([name, meaning]) => `  ${name.padEnd(18)} ${meaning}`)
  .join('\n')}`;

/** What a command line wants. */
export type Wanted = { readonly simulation: Simulation; readonly json: boolean };

/** Reads a command line; the error is for people and names the option. */
export function readWords(args: string[]): Result<Wanted | 'help', string> {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    if (values.help) return ok('help');
    const { json } = values;
    const simulation = {
      seed: whole('--seed', values.seed, 0, SEED_MAX),
      levels: whole('--levels', values.levels, 1, LEVELS_MAX),
      keys: whole('--keys', values.keys, 1, KEYS_MAX),
      curves: listOf<Curve>('--curves', values.curves, CURVES),
      protocol: listOf('--protocol', values.protocol, NUMBERS)[0] ?? '025',
      faults: faultsOf(values.faults),
    };
    return ok({ simulation, json });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

/** The one command that runs a simulation again. */
export function commandOf({ seed, levels, keys, curves, protocol, faults }: Simulation): string {
  const names = Object.keys(FAULTS).filter(name => faults.has(name as Fault));
  const list = names.length === 0 ? 'none' : names.join(',');
  const what = `--seed ${seed.toString()} --levels ${levels.toString()} --keys ${keys.toString()}`;
  return `npm run simulate -- ${what} --curves ${curves.join(',')} --protocol ${protocol} --faults ${list} --json`;
}

function faultsOf(text: string): ReadonlySet<Fault> {
  const names = Object.keys(FAULTS) as Fault[];
  if (text === 'all') return new Set(names);
  return new Set(text === 'none' ? [] : listOf('--faults', text, names));
}

function listOf<Item extends string>(
  option: string,
  text: string,
  known: readonly Item[],
): readonly Item[] {
  return text.split(',').map(word => {
    const found = known.find(each => each === word);
    if (found !== undefined) return found;
    throw new Error(`${option} knows ${known.join(', ')}, not ${JSON.stringify(word)}`);
  });
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  const range = `${min.toString()} to ${max.toString()}`;
  throw new Error(`${option} is a whole number from ${range}, not ${JSON.stringify(text)}`);
}
