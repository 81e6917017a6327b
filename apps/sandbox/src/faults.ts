import type { Parameter } from '@meridian/sandbox-chain/troubles';
import { misused, whole } from './words.ts';

/** A number that a fault takes, or one of some words. */
export type FaultParameter =
  | Parameter
  | { readonly means: string; readonly oneOf: readonly string[]; readonly otherwise: string };

/** What a fault does, and what it takes, in the order of a command line. */
export type FaultRow = {
  readonly means: string;
  readonly takes: Readonly<Record<string, FaultParameter>>;
};

const MS_MAX = 600_000;

/** What an edge node can suffer from. */
export const FAULTS = {
  refuse: { means: 'nobody listens, and every connection is cut', takes: {} },
  blackhole: {
    means: 'connections are taken, nothing is answered, streams fall silent',
    takes: {},
  },
  stale: { means: 'it hears of nothing new and answers from what it knows', takes: {} },
  behind: {
    means: 'it hears of everything some levels late, and answers from what it knows',
    takes: { levels: { means: 'levels', min: 1, max: 64, otherwise: 2 } },
  },
  clock: {
    means: 'its clock is off: Date says so, and one that is behind takes nothing before its time',
    takes: {
      ms: {
        means: 'milliseconds; less than 0: behind',
        min: -MS_MAX,
        max: MS_MAX,
        otherwise: -2_000,
      },
    },
  },
  slow: {
    means: 'every answer and every item of a stream comes late',
    takes: { ms: { means: 'milliseconds', min: 1, max: MS_MAX, otherwise: 2_000 } },
  },
  'slow-body': {
    means: 'answers and items of streams come a few bytes at a time',
    takes: { bytes: { means: 'bytes a second', min: 1, max: 1_000_000, otherwise: 2_000 } },
  },
  truncated: {
    means: 'answers are cut in the middle, and lines of streams end there; the streams go on',
    takes: {},
  },
  cut: {
    means: 'streams are cut again and again, in the middle of a line',
    takes: { ms: { means: 'milliseconds between cuts', min: 1, max: MS_MAX, otherwise: 1_000 } },
  },
  lying: {
    means: 'forged blocks, wrong rights, forged votes and injections that are lost; or one of them',
    takes: {
      about: {
        means: 'what it lies about',
        oneOf: ['all', 'blocks', 'rights', 'votes'],
        otherwise: 'all',
      },
    },
  },
  acl: {
    means:
      'streams, rights and the chain id are refused, as Octez does by default on a network address',
    takes: {},
  },
  rubbish: { means: 'answers are no JSON, and some have no end', takes: {} },
} as const satisfies Readonly<Record<string, FaultRow>>;

/** The name of a fault. */
export type Fault = keyof typeof FAULTS;

type ValueOf<Row> = Row extends { readonly oneOf: readonly (infer Word)[] } ? Word : number;

type AilmentOf<Name extends Fault> = { readonly fault: Name } & {
  readonly [Field in keyof (typeof FAULTS)[Name]['takes']]: ValueOf<
    (typeof FAULTS)[Name]['takes'][Field]
  >;
};

/** A fault with all that it takes. */
export type Ailment = { [Name in Fault]: AilmentOf<Name> }[Fault];

/** A node's condition. */
export type Condition = Ailment | { readonly fault: 'ok' };

/** Nothing is wrong. */
export const WELL: Condition = { fault: 'ok' };

/** A time of a run: milliseconds after its start, or when the head is at a level. */
export type Moment = { readonly ms: number } | { readonly level: number };

/** A fault of one node from one time on. */
export type ScriptedFault = {
  readonly node: string;
  readonly ailment: Ailment;
  readonly from: Moment;
  /** When the node is well again; null: never. */
  readonly until: Moment | null;
};

const SCRIPTED = /^([\w-]+)=([^@]+)(?:@([\d.]+m?s)(?:-([\d.]+m?s))?)?$/;

/**
 * Reads `node2=refuse@5s`, with an end `@5s-12s` or without a time at all, and with what the fault takes: `slow:500`.
 * @throws SandboxError `misused`
 */
export function readFault(text: string): ScriptedFault {
  const [, node, words, from, until] = SCRIPTED.exec(text) ?? [];
  if (node === undefined || words === undefined) {
    throw misused(
      `${JSON.stringify(text)} is no fault: node2=refuse@5s or node2=slow:500@5s-12s, with one of ${KNOWN}`,
    );
  }
  const ailment = readAilment(words);
  const fromMs = from === undefined ? 0 : milliseconds(from);
  const untilMs = until === undefined ? null : milliseconds(until);
  if (untilMs !== null && untilMs <= fromMs) {
    throw misused(`${JSON.stringify(text)} ends before it begins`);
  }
  return { node, ailment, from: { ms: fromMs }, until: untilMs === null ? null : { ms: untilMs } };
}

const KNOWN = Object.keys(FAULTS).join(', ');

/**
 * Reads `slow`, or with what it takes `slow:500`.
 * @throws SandboxError `misused`, naming the fault
 */
export function readAilment(text: string): Ailment {
  const [name = '', ...values] = text.split(':');
  if (!Object.hasOwn(FAULTS, name)) {
    throw misused(`${JSON.stringify(name)} is no fault: there is ${KNOWN}`);
  }
  const row: FaultRow = FAULTS[name as Fault];
  const takes = Object.entries(row.takes);
  if (values.length > takes.length) throw misused(`a fault is ${usageOf(name, row)}, not ${text}`);
  const read = takes.map(([field, takenAs], at) => [
    field,
    readValue(`${field} of ${name}`, takenAs, values[at]),
  ]);
  return { fault: name, ...Object.fromEntries(read) } as Ailment;
}

function readValue(what: string, takes: FaultParameter, text: string | undefined): unknown {
  if (!('oneOf' in takes)) {
    return whole(what, text ?? takes.otherwise?.toString() ?? '', takes.min, takes.max);
  }
  const value = text ?? takes.otherwise;
  if (takes.oneOf.includes(value)) return value;
  throw misused(`${what} is one of ${takes.oneOf.join(', ')}, not ${JSON.stringify(value)}`);
}

/** How a fault is written, such as `slow[:MS]`. */
export function usageOf(name: string, { takes }: FaultRow): string {
  return Object.entries(takes).reduce((usage, [field, takenAs]) => {
    const value = 'oneOf' in takenAs ? takenAs.oneOf.join('|') : field.toUpperCase();
    return `${usage}[:${value}]`;
  }, name);
}

/** A condition as it is written. */
export function wordsOf({ fault, ...values }: Condition): string {
  return [fault, ...(Object.values(values) as (string | number)[])].join(':');
}

function milliseconds(text: string): number {
  const number = Number(text.replace(/m?s$/, ''));
  if (!Number.isFinite(number)) {
    throw misused(`${JSON.stringify(text)} is no time: 5s, 1.5s or 500ms`);
  }
  return text.endsWith('ms') ? number : number * 1_000;
}
