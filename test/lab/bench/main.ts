import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endWithReader } from '../quiet.ts';
import { CROWDS, endorserFigures } from './endorser/endorser.ts';
import { forgePairs } from './forge.ts';
import { rateOf, type Figure } from './measure.ts';
import { signerFigures } from './signer/signer.ts';

/** Measures once; what a check finds lost is measured again. */
type Measurement = () => Promise<readonly Figure[]>;

/** Every benchmark; `npm run bench` runs those that are named, or all. */
const BENCHES: Readonly<Record<string, () => readonly Measurement[]>> = {
  forge: () => forgePairs().map(pair => async () => [await rateOf('forge', pair)]),
  endorser: () => CROWDS.map(crowd => () => endorserFigures(crowd)),
  signer: () => [signerFigures],
};

/** The ratios that a run is held against, by bench and what. */
type Baseline = Readonly<Record<string, Readonly<Record<string, number>>>>;

const BASELINE_FILE = join(import.meta.dirname, 'baseline.json');
/** A ratio may be this much worse than the committed one before it counts as a loss. */
const TOLERANCE = 1.5;
/** A loss is measured again: one that is real shows each time, a busy neighbour does not. */
const TRIES_MAX = 3;
const USAGE = `npm run bench -- [NAME...] [--json] [--check] [--write-baseline]

  NAME              ${Object.keys(BENCHES).join(', ')}; all without a name
  --json            one object a line
  --check           exit with 1 when a ratio is more than ${TOLERANCE.toString()} times worse than the baseline
  --write-baseline  make this run the baseline`;

type Flags = { readonly json: boolean; readonly check: boolean; readonly write: boolean };

endWithReader();
process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const read = parsed(args);
  if (typeof read === 'string') {
    const isHelp = read === USAGE;
    (isHelp ? console.log : console.error)(read);
    return isHelp ? 0 : 2;
  }
  const { names, flags } = read;
  const figures: Figure[] = [];
  for (const name of names) {
    for (const measure of BENCHES[name]?.() ?? []) {
      const measured = await measuredBy(measure, flags.check);
      figures.push(...measured);
      for (const figure of measured)
        console.log(flags.json ? JSON.stringify(figure) : lineOf(figure));
    }
  }
  if (flags.write)
    writeFileSync(BASELINE_FILE, `${JSON.stringify(baselineOf(figures), null, 2)}\n`);
  return flags.check ? check(figures) : 0;
}

function parsed(args: string[]): { names: readonly string[]; flags: Flags } | string {
  const options = {
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    'write-baseline': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const unknown = positionals.find(name => !Object.hasOwn(BENCHES, name));
    if (values.help) return USAGE;
    if (unknown !== undefined) return `no bench ${JSON.stringify(unknown)}\n${USAGE}`;
    const names = positionals.length === 0 ? Object.keys(BENCHES) : positionals;
    const { json, check, 'write-baseline': write } = values;
    return { names, flags: { json, check, write } };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n${USAGE}`;
  }
}

function lineOf({ what, value, unit, beside, besideValue, ratio }: Figure): string {
  const rate = `${value.toString()} ${unit}`.padStart(14);
  return `${what.padEnd(50)}${rate}   ${ratio.toString().padStart(6)} × ${beside} (${besideValue.toString()} ${unit})`;
}

function baselineOf(figures: readonly Figure[]): Baseline {
  const names = [...new Set(figures.map(({ bench }) => bench))];
  const measured = names.map(name => {
    const rows = figures.filter(figure => figure.bench === name && isHeld(figure));
    return [
      name,
      Object.fromEntries(rows.map(({ what, beside, ratio }) => [`${what}; ${beside}`, ratio])),
    ] as const;
  });
  // What was not measured this time stays.
  return { ...baseline(), ...Object.fromEntries(measured) };
}

async function measuredBy(measure: Measurement, isChecked: boolean): Promise<readonly Figure[]> {
  let figures = await measure();
  for (let tries = 1; isChecked && tries < TRIES_MAX && figures.some(isLost); tries++) {
    figures = await measure();
  }
  return figures;
}

function isLost(figure: Figure): boolean {
  return lossOf(figure) !== undefined;
}

/**
 * Tails, and what is held against a limit in numbers, are told and not held: they belong to the machine and to whoever
 * else uses it.
 */
function isHeld({ what, beside }: Figure): boolean {
  return !what.endsWith('p99') && beside !== 'its limit';
}

function baseline(): Baseline {
  return JSON.parse(readFileSync(BASELINE_FILE, 'utf8')) as Baseline;
}

/** Ratios are compared, never rates: both sides of a ratio ran on the same machine in the same minute. */
function lossOf(figure: Figure): string | undefined {
  if (!isHeld(figure)) return undefined;
  const { bench, what, unit, beside, ratio } = figure;
  const before = baseline()[bench]?.[`${what}; ${beside}`];
  if (before === undefined) return `${what}: no baseline; run with --write-baseline`;
  const isWorse = unit === 'ms' ? ratio > before * TOLERANCE : ratio * TOLERANCE < before;
  return isWorse ? `${what}: ratio ${ratio.toString()}, baseline ${before.toString()}` : undefined;
}

function check(figures: readonly Figure[]): number {
  const lost = figures.flatMap(figure => lossOf(figure) ?? []);
  for (const line of lost) console.error(line);
  return lost.length === 0 ? 0 : 1;
}
