import { fstatSync, readSync } from 'node:fs';
import { AuditError, orFail } from './errors.ts';
import {
  FIRST_PLACE,
  LINE_BYTES_MAX,
  placeAfter,
  readLineAt,
  type Line,
  type Place,
} from './line.ts';

/** How an audit file ends. */
export type Tail = {
  /** The last line up to which all fits; undefined where none was found. */
  readonly last: Line | undefined;
  readonly bytes: number;
  /** Why what comes after that line is no line; undefined for a file that is whole. */
  readonly damage: string | undefined;
};

/** How much of the end is looked at: more than what a machine keeps from its disk for a while. */
const WINDOW_BYTES = 1024 * 1024;
/** How far back a good line is looked for. */
const LOOK_BACK_BYTES_MAX = 64 * WINDOW_BYTES;

/**
 * Looks at the end of an audit file: whether its lines follow one another, down to the last byte.
 * @throws AuditError `unreadable`; `broken` for a file of somebody else: without a good line, and not begun as an audit is
 */
export function tailOf(file: number): Tail {
  const { size } = orFail('unreadable', () => fstatSync(file));
  for (let length = WINDOW_BYTES; ; length *= 2) {
    const from = Math.max(0, size - length);
    const text = textOf(file, from, size);
    // Above the window nothing is known, and its first line may have begun there.
    const found =
      from === 0
        ? followed(FIRST_PLACE, text)
        : followed(undefined, text.slice(text.indexOf('\n') + 1));
    const isFound = found.last !== undefined || from === 0 || length >= LOOK_BACK_BYTES_MAX;
    if (!isFound) continue;
    const hasNone = found.last === undefined && size > 0;
    const damage = found.damage ?? (hasNone ? 'it has no line' : undefined);
    if (damage !== undefined && !hasLine(text))
      assertBegun(textOf(file, 0, Math.min(size, LINE_BYTES_MAX + 1)));
    return { last: found.last, damage, bytes: size };
  }
}

function followed(start: Place | undefined, text: string): Omit<Tail, 'bytes'> {
  const texts = text.split('\n');
  const rest = texts.pop() ?? '';
  let [place, last]: [Place | undefined, Line | undefined] = [start, undefined];
  for (const each of texts) {
    const line = readLineAt(place, each);
    if (typeof line === 'string') return { last, damage: line };
    place = placeAfter(line);
    last = line;
  }
  return { last, damage: rest === '' ? undefined : 'its end is missing' };
}

/** Whether any line is good by itself, wherever it stands: nobody else writes such a line. */
function hasLine(text: string): boolean {
  return text.split('\n').some(each => typeof readLineAt(undefined, each) !== 'string');
}

/** How every line begins, its fields being sorted by name. */
const BEGINNING = '{"at":"';

/**
 * A file without a good line near its end is an audit if its first line is one, or what a power cut leaves of one: a
 * piece without an end, or a hole.
 * @throws AuditError `broken`
 */
function assertBegun(text: string): void {
  const [first = '', ...others] = text.split('\n');
  const why = readLineAt(FIRST_PLACE, first);
  if (typeof why !== 'string') return;
  const isBegun = first.startsWith(BEGINNING) || BEGINNING.startsWith(first);
  const isPiece = isBegun && (others.length === 0 || first.includes('\0'));
  if (!isPiece && !first.startsWith('\0')) throw new AuditError('broken', why);
}

function textOf(file: number, from: number, to: number): string {
  const bytes = Buffer.alloc(to - from);
  return orFail('unreadable', () => {
    for (let at = 0; at < bytes.length;) {
      const read = readSync(file, bytes, at, bytes.length - at, from + at);
      if (read === 0) throw new Error('it ends too early');
      at += read;
    }
    return bytes.toString('latin1');
  });
}
