import { parseArgs } from 'node:util';

/** What a run of the demonstration is asked to be. */
export type Wish = {
  /** How many levels; undefined runs until it is stopped. */
  readonly levels: number | undefined;
  readonly json: boolean;
  readonly faults: readonly string[];
  readonly protocol: string;
  readonly blockTime: string;
  readonly seed: string;
};

export const HELP = `npm start -- [options]

  --levels N         stop after N levels
  --json             print one JSON object as the last line, logs on standard error
  --fault FAULT      make a node ill, such as node2=refuse@5s or node4=blackhole@10s-20s; may be given several times
  --protocol NAME    025 (default), 024, 023
  --block-time S     seconds between blocks (default 1)
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
      protocol: { type: 'string', default: '025' },
      'block-time': { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const levels = values.levels === undefined ? undefined : Number(values.levels);
  if (levels !== undefined && !(Number.isInteger(levels) && levels > 0 && levels <= 1_000_000)) {
    throw new Error('--levels is a whole number from 1 to 1000000');
  }
  const { json, fault: faults, protocol, seed } = values;
  return { levels, json, faults, protocol, blockTime: values['block-time'], seed };
}
