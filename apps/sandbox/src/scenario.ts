import { readFileSync } from 'node:fs';
import { PROTOCOLS } from '@meridian/tezos';
import type { Activation } from '@meridian/sandbox-chain';
import type { Trouble } from '@meridian/sandbox-chain/troubles';
import { readConfiguration, z } from '@meridian/service';
import { FAULTS, type Ailment, type FaultParameter, type FaultRow } from './faults.ts';
import type { Moment, ScriptedFault } from './faults.ts';
import { LEVEL_MAX, SCRIPTS, TROUBLE_LEVEL_MIN } from './script.ts';
import { misused } from './words.ts';

/** What happens in a run, as a file has it. */
export type Scenario = {
  readonly faults: readonly ScriptedFault[];
  readonly troubles: readonly Trouble[];
  readonly activations: readonly Activation[];
};

const SECONDS_MAX = 1_000_000;
const seconds = z.number().min(0).max(SECONDS_MAX);
const levelFrom = (first: number) => z.int().min(first).max(LEVEL_MAX);

/** When a fault comes and goes: by seconds after the start or by levels of the head. */
const TIMES = {
  node: z.string().min(1),
  from: seconds.optional(),
  fromLevel: levelFrom(1).optional(),
  until: seconds.optional(),
  untilLevel: levelFrom(1).optional(),
};

type Times = Readonly<Partial<Record<Exclude<keyof typeof TIMES, 'node'>, number | undefined>>>;
type FaultEntry = Ailment & Times & { readonly node: string };

function valueOf(takes: FaultParameter): z.ZodType {
  if ('oneOf' in takes) return z.enum(takes.oneOf).default(takes.otherwise);
  const number = z.int().min(takes.min).max(takes.max);
  return takes.otherwise === undefined ? number : number.default(takes.otherwise);
}

function valuesOf(
  takes: Readonly<Record<string, FaultParameter>>,
): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(Object.entries(takes).map(([name, value]) => [name, valueOf(value)]));
}

/** One of several tables, told apart by the word of one key. */
function oneOfTables(key: string, tables: ReadonlyMap<string, z.ZodObject>): z.ZodType {
  const words = [...tables.keys()].join(', ');
  const [first, ...others] = tables.values();
  if (first === undefined) throw new Error('there is at least one table');
  return z.discriminatedUnion(key, [first as never, ...(others as never[])], {
    error: `is one of ${words}`,
  });
}

const faultTable = oneOfTables(
  'fault',
  new Map(
    Object.entries<FaultRow>(FAULTS).map(([name, { takes }]) => [
      name,
      z
        .strictObject({ fault: z.literal(name), ...TIMES, ...valuesOf(takes) })
        .superRefine(checkTimes),
    ]),
  ),
) as z.ZodType<FaultEntry>;

type TroubleEntry = { readonly trouble: string; readonly level: number };

const troubleTable = oneOfTables(
  'trouble',
  new Map(
    [...SCRIPTS].map(([word, { takes }]) => [
      word,
      z.strictObject({
        ...{ trouble: z.literal(word), level: levelFrom(TROUBLE_LEVEL_MIN) },
        ...valuesOf(takes),
      }),
    ]),
  ),
) as z.ZodType<TroubleEntry>;

const FULL = PROTOCOLS.filter(({ support }) => support === 'full');
const NUMBERS = FULL.map(({ number }) => number);

const activation = z.strictObject({
  level: levelFrom(1),
  protocol: z.enum(NUMBERS, { error: `is one of ${NUMBERS.join(', ')}, in quotes` }),
});

const SCENARIO = z.strictObject({
  faults: z.array(faultTable).default([]),
  troubles: z.array(troubleTable).default([]),
  activations: z.array(activation).default([]),
});

/** A fault begins at one time, ends at one, and not before it begins. */
function checkTimes(times: Times, context: z.RefinementCtx): void {
  const twice = (['from', 'until'] as const).filter(
    name => times[name] !== undefined && times[`${name}Level`] !== undefined,
  );
  for (const name of twice) {
    const message = `stands beside ${name}: only one can be`;
    context.addIssue({ code: 'custom', path: [`${name}Level`], message });
  }
  const ends = (until: number | undefined, from: number): boolean =>
    until === undefined || until > from;
  const message = 'is not after the beginning';
  if (!ends(times.until, times.from ?? (times.fromLevel === undefined ? 0 : -1))) {
    context.addIssue({ code: 'custom', path: ['until'], message });
  }
  if (!ends(times.untilLevel, times.fromLevel ?? 0)) {
    context.addIssue({ code: 'custom', path: ['untilLevel'], message });
  }
}

/**
 * Reads a scenario from YAML or JSON.
 * @throws SandboxError `misused`, with a line for each problem that names the field
 */
export function readScenario(file: string): Scenario {
  const schema = SCENARIO;
  const read = readConfiguration({ app: 'scenario', schema, text: textOf(file), env: {} });
  if (!read.ok) {
    throw misused(read.error.map(problem => `--scenario ${file}: ${problem}`).join('\n'));
  }
  const { faults, troubles, activations } = read.value;
  return {
    faults: faults.map(scripted),
    troubles: troubles.map(({ trouble, ...rest }) => {
      return { kind: SCRIPTS.get(trouble)?.kind, ...rest } as Trouble;
    }),
    activations: activations.flatMap(({ level, protocol: wanted }) =>
      FULL.filter(({ number }) => number === wanted).map(protocol => ({ level, protocol })),
    ),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw misused(`--scenario ${file} cannot be read (${code})`);
  }
}

function scripted({
  node,
  from,
  fromLevel,
  until,
  untilLevel,
  ...ailment
}: FaultEntry): ScriptedFault {
  const begin = momentOf(from, fromLevel) ?? { ms: 0 };
  return { node, ailment, from: begin, until: momentOf(until, untilLevel) };
}

function momentOf(after: number | undefined, level: number | undefined): Moment | null {
  if (level !== undefined) return { level };
  return after === undefined ? null : { ms: after * 1_000 };
}
