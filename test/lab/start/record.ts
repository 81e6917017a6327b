/** A right that the sandbox has judged. */
export type JudgedRight = {
  readonly level: number;
  readonly round: number;
  readonly attested: boolean;
  readonly preattestationMs: number | null;
  readonly attestationMs: number | null;
};

/** What is kept of a run. */
export type RunRecord = {
  readonly rights: JudgedRight[];
  /** Milliseconds, by what was measured. */
  readonly blockToPreattestationMs: number[];
  readonly prequorumToAttestationMs: number[];
  readonly headToAttestationMs: number[];
  /** Refusals of signers by code. */
  readonly refusals: Record<string, number>;
  /** Votes of another endorser that were taken and handed on. */
  shared: number;
  /** Lines of endorsers at warn or above, by event and reason. */
  readonly alarms: Record<string, number>;
  /** Of each start of an endorser. */
  readonly startToFirstVoteMs: number[];
  /** Why a level went without a vote, as far as the endorser said; the last reason counts. */
  readonly reasons: Map<number, string>;
  /** How many nodes took the last vote, of how many. */
  reached: string;
};

export function newRecord(): RunRecord {
  return {
    rights: [],
    blockToPreattestationMs: [],
    prequorumToAttestationMs: [],
    headToAttestationMs: [],
    refusals: {},
    shared: 0,
    alarms: {},
    startToFirstVoteMs: [],
    reasons: new Map(),
    reached: '-',
  };
}

export type LogLine = {
  readonly app?: string;
  readonly severity?: string;
  readonly event?: string;
  readonly kind?: string;
  readonly level?: unknown;
  readonly reason?: string;
  readonly code?: string;
  readonly outcome?: string;
  readonly tookMs?: number;
  readonly sinceBlockMs?: number;
  readonly accepted?: number;
  readonly of?: number;
  readonly sinceStartMs?: number;
  readonly node?: string;
};

/** Takes what a daemon logged; lines that are no JSON are left to be read by people. */
export function takeLog(record: RunRecord, line: string): void {
  const log = readLine(line);
  if (log === undefined) return;
  const alarm = alarmOf(log);
  if (alarm !== undefined) record.alarms[alarm] = (record.alarms[alarm] ?? 0) + 1;
  const of = Number(log.level);
  if (log.event === 'sign' && log.outcome !== undefined) {
    record.refusals[log.outcome] = (record.refusals[log.outcome] ?? 0) + 1;
  } else if (log.event === 'abstained' && log.reason !== undefined) {
    record.reasons.set(of, log.reason);
  } else if (log.event === 'not_signed') {
    record.reasons.set(of, log.code ?? 'not_signed');
  } else if (log.event === 'vote_shared') {
    record.shared += 1;
  } else if (log.event === 'first_vote' && log.sinceStartMs !== undefined) {
    record.startToFirstVoteMs.push(log.sinceStartMs);
  } else if (log.event === 'vote') {
    record.reached = `${String(log.accepted)}/${String(log.of)}`;
    const { tookMs, sinceBlockMs } = log;
    const isFirst = log.kind === 'preattestation';
    if (tookMs !== undefined) {
      record[isFirst ? 'blockToPreattestationMs' : 'prequorumToAttestationMs'].push(tookMs);
    }
    if (!isFirst && sinceBlockMs !== undefined) record.headToAttestationMs.push(sinceBlockMs);
    if (!isFirst) record.reasons.set(of, 'not_included');
  }
}

/** A line of a log; undefined for what is no JSON. */
export function readLine(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}

const LOUD: readonly unknown[] = ['warn', 'error', 'fatal'];

/** What somebody on call would be told by a line of an endorser: event and reason; undefined where it is no alarm. */
export function alarmOf({ app, severity, event = '', code, reason }: LogLine): string | undefined {
  if (app !== 'endorser' || !LOUD.includes(severity)) return undefined;
  return [event, code ?? reason ?? ''].join(' ').trim();
}

/** The line of a level with the rights of all keys at it, for people. */
export function lineOf(
  record: RunRecord,
  rights: readonly [JudgedRight, ...JudgedRight[]],
  missed: number,
  doubles: number,
): string {
  const [{ level, round }] = rights;
  const late = rights.filter(({ attested }) => !attested).length;
  const time = (of: readonly (number | null)[]): string => {
    const known = of.filter(ms => ms !== null);
    return known.length === 0
      ? '     -'
      : `${Math.max(...known)
          .toFixed(0)
          .padStart(3)} ms`;
  };
  const preattested = time(rights.map(({ preattestationMs }) => preattestationMs));
  const attested = time(rights.map(({ attestationMs }) => attestationMs));
  const share =
    rights.length === 1 ? '' : ` ${(rights.length - late).toString()}/${rights.length.toString()}`;
  const outcome = late === 0 ? `included${share}` : `MISSED${share}: ${reasonOf(record, level)}`;
  const refused = Object.values(record.refusals).reduce((sum, count) => sum + count, 0);
  return [
    `level ${level.toString().padStart(5)}`,
    `round ${round.toString()}`,
    `preattested ${preattested}`,
    `attested ${attested}`,
    `nodes ${record.reached}`,
    outcome,
    `missed ${missed.toString()}`,
    `refused ${refused.toString()}`,
    `double ${doubles.toString()}`,
  ].join('  ');
}

function reasonOf({ reasons }: RunRecord, level: number): string {
  return reasons.get(level) ?? 'no_vote';
}

/** What the sandbox counted. */
export type SandboxSummary = {
  readonly levels: number;
  readonly doubleSigns: number;
  readonly baked: number;
};

/** A run in numbers. */
export function summaryOf(record: RunRecord, sandbox: SandboxSummary, levels: number) {
  const rights = record.rights.filter(({ level }) => level <= levels);
  const missed = rights.filter(({ attested }) => !attested);
  const missedReasons: Record<string, number> = {};
  for (const { level } of missed) {
    const reason = reasonOf(record, level);
    missedReasons[reason] = (missedReasons[reason] ?? 0) + 1;
  }
  return {
    levels,
    rights: rights.length,
    attested: rights.length - missed.length,
    missed: missed.length,
    missedReasons,
    baked: sandbox.baked,
    doubleSigns: sandbox.doubleSigns,
    refusals: record.refusals,
    shared: record.shared,
    alarms: record.alarms,
    blockToPreattestationMs: quantiles(record.blockToPreattestationMs),
    prequorumToAttestationMs: quantiles(record.prequorumToAttestationMs),
    headToAttestationMs: quantiles(record.headToAttestationMs),
    startToFirstVoteMs: quantiles(record.startToFirstVoteMs),
  };
}

function quantiles(values: readonly number[]): {
  readonly p50: number | null;
  readonly p99: number | null;
} {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number): number | null => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return value === undefined ? null : Math.round(value * 100) / 100;
  };
  return { p50: at(0.5), p99: at(0.99) };
}
