import { parseArgs } from 'node:util';
import { CURVES, type Curve } from './workshop.ts';

/** What a run of the demonstration is asked to be. */
export type Wish = {
  /** How many levels; undefined runs until it is stopped. */
  readonly levels: number | undefined;
  readonly json: boolean;
  readonly faults: readonly string[];
  /** A file of faults and trouble; undefined for none. */
  readonly scenario: string | undefined;
  /** A folder in which the endorser records what it hears; undefined for none. */
  readonly record: string | undefined;
  readonly protocol: string;
  readonly blockTime: string;
  readonly seed: string;
  /** How many endorsers vote with the same keys. */
  readonly endorsers: number;
  /** How many keys vote. */
  readonly keys: number;
  /** The curves of the keys, in turn. */
  readonly curves: readonly Curve[];
};

const LEVELS_MAX = 1_000_000;
const KEYS_MAX = 1_000;
const ENDORSERS_MAX = 9;

export const HELP = `npm start -- [options]

  --levels N         stop after N levels
  --json             print one JSON object as the last line, logs on standard error
  --fault FAULT      make a node ill, such as node2=refuse@5s or node4=slow:500@10s-20s; may be given several times
  --scenario FILE    faults, trouble of the chain and protocols that follow, such as examples/scenarios/rounds.yaml
  --record FOLDER    have the endorser record what it hears; see meridian replay-recording
  --protocol NAME    025 (default), 024, 023
  --block-time S     seconds between blocks (default 1)
  --endorsers N      how many vote with the same keys, through the same signers (default 1)
  --keys N           how many keys vote (default 1; several vote at every level, but under 023)
  --curves LIST      their curves in turn, such as tz1,tz4 (default tz1)
  --seed N           where the chain's chance comes from (default 1)
`;

/**
 * Reads the words after \`npm start --\`.
 * @throws Error with one line that says what is wrong
 */
export function readArguments(args: readonly string[]): Wish | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      levels: { type: 'string' },
      json: { type: 'boolean', default: false },
      fault: { type: 'string', multiple: true, default: [] },
      scenario: { type: 'string' },
      record: { type: 'string' },
      protocol: { type: 'string', default: '025' },
      'block-time': { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      endorsers: { type: 'string', default: '1' },
      keys: { type: 'string', default: '1' },
      curves: { type: 'string', default: 'tz1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { json, fault: faults, protocol, scenario, record, seed } = values;
  return {
    levels: values.levels === undefined ? undefined : whole('--levels', values.levels, LEVELS_MAX),
    ...{ json, faults, protocol, scenario, record, seed },
    blockTime: values['block-time'],
    endorsers: whole('--endorsers', values.endorsers, ENDORSERS_MAX),
    keys: whole('--keys', values.keys, KEYS_MAX),
    curves: values.curves.split(',').map(curveNamed),
  };
}

function whole(name: string, text: string, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new Error(`${name} is a whole number from 1 to ${max.toString()}`);
}

function curveNamed(name: string): Curve {
  const found = CURVES.find(curve => curve === name.trim());
  if (found === undefined) throw new Error(`--curves is a list of ${CURVES.join(', ')}`);
  return found;
}
