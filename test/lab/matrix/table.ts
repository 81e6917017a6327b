import type { Played } from './judge.ts';

const HEAD = ['cell', 'expects', 'rights', 'published', 'attested', 'missed because', 'wrong'];
const COLUMNS = [...HEAD, 'double', 'added p50/p99/max', 'verdict'];

/** All cells as a table of Markdown, those that failed included. */
export function tableOf(played: readonly Played[]): string {
  const rows = [COLUMNS, ...played.map(rowOf)];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map(row => row[at]?.length ?? 0)));
  const [head = '', ...others] = rows.map(
    row => `| ${row.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`;
  return [head, rule, ...others].join('\n');
}

function rowOf(played: Played): readonly string[] {
  const { cell, expects, rights, published, attested, missedReasons, addedDelayMs } = played;
  const reasons = Object.entries(missedReasons).map(([why, count]) => `${why} ${count.toString()}`);
  const { p50, p99, max } = addedDelayMs;
  const delay = max === null ? '-' : `${[p50, p99, max].map(String).join('/')} ms`;
  return [
    ...[cell, expects, ...[rights, published, attested].map(String)],
    reasons.length === 0 ? '-' : reasons.join(', '),
    ...[played.wrongVotes, played.doubleSigns].map(String),
    ...[delay, played.held ? 'held' : `FAILED: ${played.why ?? ''}`],
  ];
}

/** All cells in numbers. */
export function summaryOf(played: readonly Played[]) {
  const sum = (of: (one: Played) => number): number =>
    played.reduce((total, one) => total + of(one), 0);
  return {
    cells: played.length,
    failed: played.filter(({ held }) => !held).map(({ cell }) => cell),
    rights: sum(({ rights }) => rights),
    published: sum(({ published }) => published),
    attested: sum(({ attested }) => attested),
    wrongVotes: sum(({ wrongVotes }) => wrongVotes),
    doubleSigns: sum(({ doubleSigns }) => doubleSigns),
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    played,
  };
}
