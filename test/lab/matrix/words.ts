import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@meridian/prelude';
import { CELLS, EXPECTATIONS, type Cell } from './cells.ts';
import { LEVELS_MIN } from './play.ts';

const LEVELS_MAX = 1_000_000;
const SEED_MAX = 2 ** 31 - 1;
/** Levels of a run with real processes: a fault that strikes, lasts and is over. */
const PROCESS_LEVELS_MIN = 30;

export const USAGE = `npm run matrix -- [options]: which votes are cast while edge nodes suffer, cell by cell.

  --levels N       levels a cell; 1000 in virtual time, 36 with --processes, where each takes a second
  --only CELL…     one cell, or all whose names begin so; may be given several times
  --seed S         where all chance comes from; 1
  --processes      the main cells with real processes, as npm start has them
  --json           one JSON object as the last line

Expectations:
${Object.entries(EXPECTATIONS)
  .map(([name, meaning]) => `  ${name.padEnd(16)} ${meaning}`)
  .join('\n')}

Cells:
${CELLS.map(({ name, expects }) => `  ${expects.padEnd(16)} ${name}`).join('\n')}

Exit status: 0 every cell held what is expected of it, 1 one did not, 2 misused.`;

/** What a command line wants. */
export type Wanted = {
  readonly cells: readonly Cell[];
  readonly levels: number;
  readonly seed: number;
  readonly processes: boolean;
  readonly json: boolean;
};

/** Reads a command line; the error is for people and names the option. */
export function readWords(args: string[]): Result<Wanted | 'help', string> {
  const options = {
    levels: { type: 'string' },
    only: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    processes: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    const { values } = parseArgs({ args, options });
    if (values.help) return ok('help');
    const { processes, json, only } = values;
    const [least, usual] = processes ? [PROCESS_LEVELS_MIN, '36'] : [LEVELS_MIN, '1000'];
    return ok({
      cells: cellsNamed(only, processes),
      levels: whole('--levels', values.levels ?? usual, least, LEVELS_MAX),
      seed: whole('--seed', values.seed, 0, SEED_MAX),
      ...{ processes, json },
    });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

function cellsNamed(only: readonly string[] | undefined, processes: boolean): readonly Cell[] {
  const known = processes ? CELLS.filter(cell => cell.processes !== null) : CELLS;
  if (only === undefined) return known;
  const wanted = new Set(
    only.flatMap(text => {
      const exact = known.filter(({ name }) => name === text);
      const found = exact.length > 0 ? exact : known.filter(({ name }) => name.startsWith(text));
      if (text !== '' && found.length > 0) return found;
      const names = known.map(({ name }) => JSON.stringify(name)).join(', ');
      throw new Error(`--only knows ${names}, not ${JSON.stringify(text)}`);
    }),
  );
  return known.filter(cell => wanted.has(cell));
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  const range = `${min.toString()} to ${max.toString()}`;
  throw new Error(`${option} is a whole number from ${range}, not ${JSON.stringify(text)}`);
}
