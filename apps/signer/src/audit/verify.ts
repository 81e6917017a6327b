import { closeSync, createReadStream, openSync } from 'node:fs';
import { basename } from 'node:path';
import { AuditError, orFail } from './errors.ts';
import { sha256Of } from './file.ts';
import { FIRST_PLACE, LINE_BYTES_MAX, placeAfter, readLineAt, type Place } from './line.ts';
import { setAsideOf, type SetAside } from './set-aside.ts';

/** What an audit file is worth. */
export type AuditVerdict = {
  /** How many lines are good, from the first on. */
  readonly lines: number;
  /** The hash of the last good line: to be compared with one that was noted elsewhere, since an end may be cut off. */
  readonly hash: string;
  readonly broken: { readonly line: number; readonly why: string } | undefined;
  /** The damaged file that this one took the place of. */
  readonly setAside: SetAside | undefined;
};

/**
 * Follows the chain of an audit file to its end, or to the first line that does not belong there.
 * @throws AuditError `unreadable`
 */
export async function verifyAudit(path: string): Promise<AuditVerdict> {
  let [place, setAside]: [Place, SetAside | undefined] = [FIRST_PLACE, undefined];
  const verdict = (why?: string): AuditVerdict => ({
    ...{ lines: place.seq, hash: place.prev, setAside },
    broken: why === undefined ? undefined : { line: place.seq + 1, why },
  });
  let rest = '';
  try {
    for await (const piece of createReadStream(path, 'latin1')) {
      const texts = `${rest}${String(piece)}`.split('\n');
      rest = texts.pop() ?? '';
      for (const text of texts) {
        const line = readLineAt(place, text);
        if (typeof line === 'string') return verdict(line);
        setAside ??= setAsideOf(line);
        place = placeAfter(line);
      }
      if (rest.length > LINE_BYTES_MAX) return verdict('it is longer than a line may be');
    }
  } catch (error) {
    throw new AuditError('unreadable', error instanceof Error ? error.message : String(error));
  }
  return verdict(rest === '' ? undefined : 'its end is missing');
}

/** A verdict, and of which file; `isChanged` where another one says that it was set aside with other bytes. */
export type NamedVerdict = AuditVerdict & { readonly file: string; readonly isChanged: boolean };

/**
 * Follows several files, and holds those that were set aside against what the files after them tell of them.
 * @throws AuditError `unreadable`
 */
export async function verifyAudits(paths: readonly string[]): Promise<readonly NamedVerdict[]> {
  const verdicts = [];
  for (const file of paths) verdicts.push({ file, ...(await verifyAudit(file)) });
  const told = new Map(
    verdicts.flatMap(({ setAside }) => (setAside === undefined ? [] : [[setAside.file, setAside]])),
  );
  return verdicts.map(verdict => {
    const { sha256 } = told.get(basename(verdict.file)) ?? {};
    return { ...verdict, isChanged: sha256 !== undefined && sha256 !== hashOfFile(verdict.file) };
  });
}

function hashOfFile(path: string): string {
  return orFail('unreadable', () => {
    const file = openSync(path, 'r');
    try {
      return sha256Of(file);
    } finally {
      closeSync(file);
    }
  });
}
