import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  realpathSync,
} from 'node:fs';
import type { Clock } from '@meridian/prelude';
import { AuditError, orFail } from './audit/errors.ts';
import { synchroniseFolder, writeAll } from './audit/file.ts';
import { FIRST_PLACE, lineOf, placeAfter, type AuditFields } from './audit/line.ts';
import { setAside, type SetAside } from './audit/set-aside.ts';
import { tailOf, type Tail } from './audit/tail.ts';

/** A file of lines that only grows; each names the hash of the one before. */
export type Audit = {
  /**
   * Writes a line that is durable when this returns, and before it one for each of `keys`, under the same event with
   * `.key`: all of them or none. @throws AuditError
   */
  readonly record: (event: string, fields: AuditFields, keys?: readonly AuditFields[]) => void;
  /** Writes a line soon. Lines that find no room are counted, and the count is told in a line of its own. */
  readonly note: (event: string, fields: AuditFields) => void;
  /** Lines that were lost. */
  readonly lost: () => number;
  readonly close: () => void;
};

/** An audit whose file is open. */
export type OpenAudit = Audit & {
  /** The damaged file that stood there when it was opened. */
  readonly setAside: SetAside | undefined;
};

/** Lines that wait to be written; 500 keys with three kinds fit for several levels. */
export const WAITING_LINES_MAX = 10_000;
/** How long a line waits at most, in milliseconds. */
const WRITE_EVERY_MS = 100;

/**
 * Opens an audit file, or makes one, and goes on where it ends. One whose end is damaged, as by a power cut, is set
 * aside, and a new one begins: no signature waits for an audit to be mended.
 * @param lostBefore lines that found no file, which the first line after them tells
 * @throws AuditError `unreadable`, `unwritable`; `broken` for a file that is none of ours
 */
export function openAudit(path: string, now: Clock, lostBefore = 0): OpenAudit {
  const { O_RDWR, O_CREAT } = constants;
  let file = orFail('unreadable', () => openSync(path, O_RDWR | O_CREAT, 0o600));
  try {
    let [tail, told]: [Tail, SetAside | undefined] = [tailOf(file), undefined];
    // A file that a link leads to is set aside where it is.
    const place = orFail('unreadable', () => realpathSync(path));
    if (tail.bytes === 0) synchronisedIfPossible(place);
    if (tail.damage !== undefined) {
      const anew = setAside(place, file, tail, timeOf(now));
      closeSync(file);
      ({ file, told } = anew);
      tail = tailOf(file);
    }
    return { ...auditOn(file, tail, now, lostBefore), setAside: told };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** An empty file in a folder that cannot be synchronised is as good as none, and no reason to go without one. */
function synchronisedIfPossible(path: string): void {
  try {
    synchroniseFolder(path);
  } catch {
    // Its first line may be lost with it when the power goes.
  }
}

function timeOf(now: Clock): string {
  return new Date(now()).toISOString();
}

function auditOn(file: number, { last, bytes }: Tail, now: Clock, lostBefore: number): Audit {
  let place = last === undefined ? FIRST_PLACE : placeAfter(last);
  let length = bytes;
  let waiting: (readonly [string, AuditFields, string])[] = [];
  let unsaid = lostBefore;
  let lost = lostBefore;
  const time = (): string => timeOf(now);
  const write = (lines: readonly (readonly [string, AuditFields, string])[]): void => {
    let next = place;
    const texts = lines.map(([event, fields, at]) => {
      const line = lineOf(next, at, event, fields);
      next = placeAfter({ seq: next.seq, hash: line.hash });
      return `${line.text}\n`;
    });
    length = append(file, length, texts.join(''));
    place = next;
  };
  /** Writes what waits; what cannot be written is lost, and said with the next line that can. */
  const flush = (): void => {
    const lines = waiting;
    waiting = [];
    const loss = unsaid > 0 ? [['audit.lost', { lines: unsaid }, time()] as const] : [];
    if (lines.length + loss.length === 0) return;
    try {
      write([...loss, ...lines]);
      unsaid = 0;
    } catch {
      unsaid += lines.length;
      lost += lines.length;
    }
  };
  const timer = setInterval(flush, WRITE_EVERY_MS).unref();
  return {
    record: (event, fields, keys = []) => {
      flush();
      const at = time();
      write([...keys.map(key => [`${event}.key`, key, at] as const), [event, fields, at]]);
      synchronise(file);
    },
    note: (event, fields) => {
      if (waiting.length < WAITING_LINES_MAX) {
        waiting.push([event, fields, time()]);
        return;
      }
      unsaid += 1;
      lost += 1;
    },
    lost: () => lost,
    close: () => {
      clearInterval(timer);
      flush();
      closeSync(file);
    },
  };
}

/** Appends, or leaves the file as it was. @throws AuditError */
function append(file: number, length: number, text: string): number {
  if (fstatSync(file).size !== length) throw new AuditError('changed');
  try {
    return writeAll(file, text, length);
  } catch (error) {
    ftruncateSync(file, length);
    throw new AuditError('unwritable', error instanceof Error ? error.message : String(error));
  }
}

function synchronise(file: number): void {
  orFail('unwritable', () => fdatasyncSync(file));
}
