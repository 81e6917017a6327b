import type { Undecided } from '@meridian/attribution';
import type { JudgedRight } from './compare.ts';
import { meaningOf, OUTCOMES, type ShadowOutcome, type ShadowReason } from './outcomes.ts';

/** A median and what only one in a hundred exceeds, in milliseconds; null without anything measured. */
type Quantiles = { readonly p50: number | null; readonly p99: number | null };

/** All that a run found, in numbers. */
export type Summary = {
  /** Levels with a verdict, with own rights or without. */
  readonly levels: number;
  /** Rights that were compared. */
  readonly rights: number;
  readonly outcomes: Readonly<Record<ShadowOutcome, number>>;
  /** Why shadow would not have cast a vote that the chain took. */
  readonly reasons: Readonly<Partial<Record<ShadowReason, number>>>;
  /** Levels of which it is not known what the chain took, by the reason. */
  readonly undecided: Readonly<Partial<Record<Undecided, number>>>;
  readonly blockToPreattestationMs: Quantiles;
  readonly blockToAttestationMs: Quantiles;
};

/** Characters of a payload hash that tell it from others in a line. */
const PAYLOAD_SHOWN = 8;

const shown = (payload: string): string => `${payload.slice(0, PAYLOAD_SHOWN)}…`;
const because = (reason: ShadowReason | null): string =>
  reason === null ? '' : `: ${reason} (${meaningOf(reason)})`;

/** What is said of each outcome. */
const WORDS: Readonly<Record<ShadowOutcome, (right: JudgedRight) => string>> = {
  agree: right => `${wouldAttest(right)}; chain included it`,
  lost_by_chain: right =>
    `${wouldAttest(right)}; chain has no attestation: lost by the running baker; shadow would have voted`,
  missed_by_both: ({ reason }) =>
    `chain has no attestation; shadow would NOT have voted${because(reason)}`,
  missed_by_shadow: ({ payloadHash, reason }) =>
    `chain included an attestation of ${shown(payloadHash)}; shadow would NOT have voted${because(reason)}`,
  other_payload: ({ payloadHash, otherwise, reason }) =>
    `chain included an attestation of ${shown(payloadHash)}; shadow would have attested ` +
    `${shown(otherwise?.payloadHash ?? '')} of round ${String(otherwise?.round)} instead${because(reason)}`,
};

function wouldAttest({ payloadHash, attestationMs }: JudgedRight): string {
  const after = attestationMs === null ? '' : ` after ${Math.round(attestationMs).toString()} ms`;
  return `would attest ${shown(payloadHash)}${after}`;
}

/** The line of a right, for people. */
export function lineOf(right: JudgedRight): string {
  const { level, round, delegate, outcome } = right;
  return `level ${level.toString()} round ${round.toString()} ${delegate}: ${WORDS[outcome](right)}`;
}

/** What is counted as it is found. */
export type Tally = Pick<Summary, 'levels' | 'rights' | 'outcomes' | 'reasons' | 'undecided'> & {
  /** Those of the last rights, in milliseconds. */
  readonly preattestationMs: readonly number[];
  readonly attestationMs: readonly number[];
};

/** Times that are kept for quantiles; a run may go on for weeks. */
const TIMES_MAX = 10_000;

export const EMPTY_TALLY: Tally = {
  ...{ levels: 0, rights: 0, reasons: {}, undecided: {} },
  outcomes: Object.fromEntries(Object.keys(OUTCOMES).map(name => [name, 0])) as Summary['outcomes'],
  ...{ preattestationMs: [], attestationMs: [] },
};

/** A right was compared. */
export function countRight(tally: Tally, right: JudgedRight): Tally {
  const { outcome, reason, preattestationMs, attestationMs } = right;
  const isShort = OUTCOMES[outcome].isShort && reason !== null;
  return {
    ...tally,
    rights: tally.rights + 1,
    outcomes: oneMore(tally.outcomes, outcome),
    reasons: isShort ? oneMore(tally.reasons, reason) : tally.reasons,
    preattestationMs: withTime(tally.preattestationMs, preattestationMs),
    attestationMs: withTime(tally.attestationMs, attestationMs),
  };
}

/** A level has its verdict; undecided for that reason, if there is one. */
export function countLevel(tally: Tally, why?: Undecided): Tally {
  const undecided = why === undefined ? tally.undecided : oneMore(tally.undecided, why);
  return { ...tally, levels: tally.levels + 1, undecided };
}

function oneMore<Counts extends Readonly<Partial<Record<string, number>>>>(
  counts: Counts,
  name: keyof Counts & string,
): Counts {
  return { ...counts, [name]: (counts[name] ?? 0) + 1 };
}

function withTime(times: readonly number[], ms: number | null): readonly number[] {
  return ms === null ? times : [...times, ms].slice(-TIMES_MAX);
}

/** A run in numbers. */
export function summaryOf({ preattestationMs, attestationMs, ...counts }: Tally): Summary {
  return {
    ...counts,
    blockToPreattestationMs: quantiles(preattestationMs),
    blockToAttestationMs: quantiles(attestationMs),
  };
}

/** Whether shadow would have voted as well as the running baker or better, as far as this run can tell. */
export function isAsGood({ rights, outcomes, undecided }: Summary): boolean {
  const short = Object.entries(OUTCOMES).filter(([, { isShort }]) => isShort);
  return (
    rights > 0 &&
    short.every(([outcome]) => outcomes[outcome as ShadowOutcome] === 0) &&
    Object.keys(undecided).length === 0
  );
}

/** The summary, for people. */
export function linesOf(summary: Summary): readonly string[] {
  const { levels, rights, outcomes, undecided } = summary;
  const counts = Object.entries(outcomes).map(([name, count]) => `${name} ${count.toString()}`);
  const open = Object.entries(undecided).map(([why, count]) => `${why} ${String(count)}`);
  const ms = ({ p50, p99 }: Quantiles): string => `${String(p50)} / ${String(p99)} ms`;
  return [
    `${levels.toString()} levels, ${rights.toString()} rights: ${counts.join(', ')}`,
    ...(open.length === 0 ? [] : [`levels without a verdict: ${open.join(', ')}`]),
    ...(rights > 0 ? [] : ['no right was compared: this run says nothing about votes']),
    `after the block was seen (median / p99): preattestation ${ms(summary.blockToPreattestationMs)}, ` +
      `attestation ${ms(summary.blockToAttestationMs)}, without the time to sign and to inject`,
  ];
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): number | null => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return value === undefined ? null : Math.round(value * 100) / 100;
  };
  return { p50: at(0.5), p99: at(0.99) };
}
