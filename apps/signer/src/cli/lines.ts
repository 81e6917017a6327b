import type { KeyOutcome, Outcome, RowJson } from '../admin/action.ts';

/** What became of each key, a line a row. */
export function outcomeLines({ keys }: Outcome): readonly string[] {
  return keys.flatMap(keyLines);
}

/** The same of a statement, and how long it can still be used for keys that were refused. */
export function activationLines(outcome: Outcome): readonly string[] {
  const { expires_level: last } = outcome['statement'] as { readonly expires_level: number };
  const isOpen = outcome.keys.some(({ refused }) => refused !== undefined);
  const open = `the statement stays good for the refused keys until the head is above level ${last.toString()}`;
  return [...outcomeLines(outcome), ...(isOpen ? [open] : [])];
}

/** The same, with what the signer knows and what is wrong. */
export function showLines(outcome: Outcome): readonly string[] {
  const horizon = outcome['horizon'] as { first_level_beyond: number; base_level: number } | null;
  const line =
    horizon === null
      ? 'no horizon: no head was agreed on yet'
      : `horizon: below ${horizon.first_level_beyond.toString()} now, from ${horizon.base_level.toString()}`;
  return [`site ${String(outcome['site'])}`, line, ...outcome.keys.flatMap(shownLines)];
}

function shownLines(key: KeyOutcome): readonly string[] {
  const findings = key['findings'] as readonly { kind: string; code: string }[];
  const known = key['known'] as readonly RowJson[];
  return [
    ...keyLines(key),
    ...known.map(row => `  known    ${rowText(row)}`),
    ...findings.map(({ kind, code }) => `  finding  ${kind}: ${code}`),
  ];
}

function keyLines({ public_key_hash: pkh, rows, refused }: KeyOutcome): readonly string[] {
  if (refused !== undefined) {
    const where = refused.field === undefined ? '' : ` (${refused.field})`;
    return [pkh, `  refused  ${refused.code}: ${refused.message}${where}`];
  }
  if (rows === undefined) return [pkh];
  return [
    pkh,
    ...(rows.length === 0 ? ['  no row'] : rows.map(row => `  row      ${rowText(row)}`)),
  ];
}

function rowText(row: RowJson): string {
  const lease = row.max_level === null ? '' : `, lease below ${row.max_level.toString()}`;
  const mark = `level ${row.level.toString()} round ${row.round.toString()}`;
  const what = row.digest === null ? 'floor' : 'mark';
  const holder = `${row.site} epoch ${row.epoch.toString()}`;
  return `${row.kind}: ${row.mode}, ${holder}, ${what} ${mark}${lease}, seq ${row.seq.toString()}`;
}
