import {
  closeSync,
  constants,
  createReadStream,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { createInterface } from 'node:readline';
import type { Clock } from '@meridian/prelude';
import { toHex } from '@meridian/tezos';
import { blake2b256 } from '@meridian/tezos/hash';
import { canonicalBytes, canonicalJson, type Json } from '@meridian/watermark/interchange';

/** Why an audit file cannot be used. */
export const AUDIT_ERRORS = {
  unreadable: 'the audit file cannot be opened or read',
  broken: 'the last line of the audit file is none that was written there',
  unwritable: 'the audit file cannot be written',
  changed: 'somebody else writes to the audit file',
} as const;

/** The one error of the audit. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: keyof typeof AUDIT_ERRORS;

  constructor(code: keyof typeof AUDIT_ERRORS, why?: string) {
    super(why === undefined ? AUDIT_ERRORS[code] : `${AUDIT_ERRORS[code]}: ${why}`);
    this.code = code;
  }
}

/** What is told in a line; neither secrets nor signatures. */
export type AuditFields = Readonly<Record<string, unknown>>;

/** A file of lines that only grows; each names the hash of the one before. */
export type Audit = {
  /**
   * Writes a line that is durable when this returns, and before it one for each of `keys`, under the same event with
   * `.key`: all of them or none. @throws AuditError
   */
  readonly record: (event: string, fields: AuditFields, keys?: readonly AuditFields[]) => void;
  /** Writes a line soon. Lines that find no room are counted, and the count is told in a line of its own. */
  readonly note: (event: string, fields: AuditFields) => void;
  /** Lines that were lost since the file was opened. */
  readonly lost: () => number;
  readonly close: () => void;
};

/** Lines that wait to be written; 500 keys with three kinds fit for several levels. */
export const WAITING_LINES_MAX = 10_000;
/** How long a line waits at most, in milliseconds. */
const WRITE_EVERY_MS = 100;
/** The longest line. */
const LINE_BYTES_MAX = 64 * 1024;

/** What the first line names as the one before. */
const NO_HASH = '0'.repeat(64);

type Place = { readonly seq: number; readonly prev: string };

/**
 * Opens an audit file, or makes one, and goes on where it ends. What a crash left of a last line is cut off, and that is
 * told in a line.
 * @throws AuditError `unreadable`, `broken`
 */
export function openAudit(path: string, now: Clock): Audit {
  const { O_RDWR, O_CREAT } = constants;
  const file = reading(() => openSync(path, O_RDWR | O_CREAT, 0o600));
  try {
    return auditOn(file, now);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function auditOn(file: number, now: Clock): Audit {
  const { whole, torn, last } = reading(() => endOf(file));
  let place = last === undefined ? { seq: 0, prev: NO_HASH } : placeAfter(last);
  let length = whole;
  let waiting: (readonly [string, AuditFields, string])[] = [];
  let unsaid = 0;
  let lost = 0;
  const time = (): string => new Date(now()).toISOString();
  const write = (lines: readonly (readonly [string, AuditFields, string])[]): void => {
    let next = place;
    const texts = lines.map(([event, fields, at]) => {
      const line = lineOf(next, at, event, fields);
      next = { seq: next.seq + 1, prev: line.hash };
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
  if (torn > 0) {
    reading(() => ftruncateSync(file, whole));
    write([['audit.healed', { cut_bytes: torn }, time()]]);
  }
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

function reading<Value>(act: () => Value): Value {
  try {
    return act();
  } catch (error) {
    throw new AuditError('unreadable', error instanceof Error ? error.message : String(error));
  }
}

/** Appends, or leaves the file as it was. @throws AuditError */
function append(file: number, length: number, text: string): number {
  if (fstatSync(file).size !== length) throw new AuditError('changed');
  const bytes = Buffer.from(text, 'latin1');
  try {
    for (let at = 0; at < bytes.length;)
      at += writeSync(file, bytes, at, bytes.length - at, length + at);
    return length + bytes.length;
  } catch (error) {
    ftruncateSync(file, length);
    throw new AuditError('unwritable', error instanceof Error ? error.message : String(error));
  }
}

function synchronise(file: number): void {
  try {
    fdatasyncSync(file);
  } catch (error) {
    throw new AuditError('unwritable', error instanceof Error ? error.message : String(error));
  }
}

/** How many bytes of whole lines there are, what is left of one after them, and the last whole one. */
function endOf(file: number): { whole: number; torn: number; last: string | undefined } {
  const { size } = fstatSync(file);
  const length = Math.min(size, 2 * LINE_BYTES_MAX);
  const tail = Buffer.alloc(length);
  readSync(file, tail, 0, length, size - length);
  const text = tail.toString('latin1');
  const end = text.lastIndexOf('\n') + 1;
  const last = end === 0 ? undefined : text.slice(text.lastIndexOf('\n', end - 2) + 1, end - 1);
  const torn = length - end;
  if (torn > LINE_BYTES_MAX) throw new Error('it does not end with a line');
  return { whole: size - torn, torn, last };
}

function placeAfter(text: string): Place {
  const line = readLine(text);
  if (typeof line === 'string') throw new AuditError('broken', line);
  return { seq: line.seq + 1, prev: line.hash };
}

function lineOf(
  { seq, prev }: Place,
  at: string,
  event: string,
  fields: AuditFields,
): { readonly text: string; readonly hash: string } {
  // What is undefined has no place in JSON.
  let left = JSON.parse(JSON.stringify(fields)) as AuditJson;
  for (;;) {
    const bare = { seq, at, event, fields: left, prev };
    const hash = hashOf(bare);
    const text = canonicalJson({ ...bare, hash });
    const shorter = text.length <= LINE_BYTES_MAX ? undefined : withoutLargest(left);
    if (shorter === undefined) return { text, hash };
    left = shorter;
  }
}

type AuditJson = Readonly<Record<string, Json>>;

/** The last resort for a line that is too long: `cut_bytes` names what was taken out, and how long it was. */
function withoutLargest({ cut_bytes: cut = {}, ...fields }: AuditJson): AuditJson | undefined {
  const sizes = Object.entries(fields).map(([name, value]) => [name, canonicalJson(value).length]);
  const [largest] = sizes.sort(([, one], [, other]) => Number(other) - Number(one));
  if (largest === undefined) return undefined;
  const [name, bytes] = largest as [string, number];
  const left = Object.entries(fields).filter(([each]) => each !== name);
  return { ...Object.fromEntries(left), cut_bytes: { ...(cut as object), [name]: bytes } };
}

function hashOf(line: Json): string {
  return toHex(blake2b256(canonicalBytes(line)));
}

type Line = { readonly seq: number; readonly prev: string; readonly hash: string };

/** A line, or what is wrong with it by itself. */
function readLine(text: string): Line | string {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return 'it is no JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no object';
  const { hash, ...bare } = value as Readonly<Record<string, Json>>;
  const { seq, prev } = bare;
  if (typeof hash !== 'string' || typeof seq !== 'number' || typeof prev !== 'string')
    return 'a field is missing';
  if (hash !== hashOf(bare)) return 'it says something else than its hash';
  return { seq, prev, hash };
}

/** What an audit file is worth. */
export type AuditVerdict = {
  readonly lines: number;
  /** The hash of the last good line: to be compared with one that was noted elsewhere, since an end may be cut off. */
  readonly hash: string;
  readonly broken: { readonly line: number; readonly why: string } | undefined;
};

/**
 * Follows the chain of an audit file to its end, or to the first line that does not belong there.
 * @throws AuditError `unreadable`
 */
export async function verifyAudit(path: string): Promise<AuditVerdict> {
  let [lines, hash] = [0, NO_HASH];
  try {
    const input = createReadStream(path, 'latin1');
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      const line = readLine(text);
      const why =
        typeof line === 'string'
          ? line
          : line.prev !== hash
            ? 'it does not follow the line before'
            : line.seq !== lines
              ? 'lines before it are missing'
              : undefined;
      if (typeof line === 'string' || why !== undefined)
        return { lines, hash, broken: { line: lines + 1, why: why ?? '' } };
      lines += 1;
      hash = line.hash;
    }
  } catch (error) {
    throw new AuditError('unreadable', error instanceof Error ? error.message : String(error));
  }
  return { lines, hash, broken: undefined };
}
