import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@meridian/prelude';
import type { Wanted } from './plan.ts';

const [LEVELS_MAX, SEED_MAX] = [100_000, 2 ** 31 - 1];
const OPTIONS = {
  levels: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  log: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const USAGE = `npm run trio -- [options]

Three endorsers vote with one key through two signers; the second one attests with DAL content. They are killed at any
moment, but one that votes is left; of five nodes one lies and one is away; rounds are late, quorums are lost, blocks are
replaced.

  --levels N       how long; 20
  --seed S         where the chance of chain and kills comes from; 1
  --log FILE       what the daemons logged, and each kill
  --json           one JSON object as the last line

Exit status: 0 when no right was missed, nothing signed twice and nobody alarmed without cause, 1 otherwise, 2 when
misused.`;

/** What a command line wants. */
export type Words = {
  readonly wanted: Wanted;
  readonly log: string | undefined;
  readonly json: boolean;
};

/** Reads a command line; the error is for people and names the option. */
export function readWords(args: readonly string[]): Result<Words | 'help', string> {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    if (values.help) return ok('help');
    const levels = whole('--levels', values.levels, 1, LEVELS_MAX);
    const seed = whole('--seed', values.seed, 0, SEED_MAX);
    return ok({ wanted: { levels, seed }, log: values.log, json: values.json });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${option} is a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}
