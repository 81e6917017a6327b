import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { orFail } from './errors.ts';
import { FIRST_PLACE, lineOf, type Line } from './line.ts';
import type { Tail } from './tail.ts';

/** The event of a first line that names the file which was damaged. */
export const SET_ASIDE = 'audit.set_aside';

/** A file that was set aside, as the first line of the next one tells of it. */
export type SetAside = {
  /** Its name, in the same folder. */
  readonly file: string;
  readonly why: string;
  /** How many lines fitted, and the hash of the last of them; null where none was found. */
  readonly lines: number | null;
  readonly hash: string | null;
  /** Of all of it, damage included. */
  readonly bytes: number;
  readonly sha256: string;
};

/** Names that are tried for a file that is set aside. */
const NAMES_MAX = 100;

/**
 * Gives a damaged audit file another name, which tells when, and puts a new one in its place, whose first line names it.
 * Nothing is deleted or written over, and whenever the power goes there is one of both in the place.
 * @throws AuditError `unwritable`
 */
export function setAside(
  path: string,
  damaged: number,
  { last, bytes, damage = '' }: Tail,
  at: string,
): { readonly file: number; readonly told: SetAside } {
  return orFail('unwritable', () => {
    const aside = linked(path, `${path}.damaged-${at.replaceAll(':', '-')}`);
    const told: SetAside = {
      ...{ file: basename(aside), why: damage },
      ...{ lines: last === undefined ? null : last.seq + 1, hash: last?.hash ?? null },
      ...{ bytes, sha256: sha256Of(damaged) },
    };
    const next = `${aside}.next`;
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    const file = openSync(next, O_RDWR | O_CREAT | O_EXCL, 0o600);
    try {
      writeSync(file, `${lineOf(FIRST_PLACE, at, SET_ASIDE, told).text}\n`, 0, 'latin1');
      fdatasyncSync(file);
      renameSync(next, path);
      synchroniseFolder(path);
      return { file, told };
    } catch (error) {
      closeSync(file);
      throw error;
    }
  });
}

/** Gives a file a second name, never that of another file. */
function linked(path: string, wanted: string): string {
  for (let tried = 0; ; tried += 1) {
    const name = tried === 0 ? wanted : `${wanted}.${tried.toString()}`;
    try {
      linkSync(path, name);
      return name;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EEXIST';
      if (!isTaken || tried >= NAMES_MAX) throw error;
    }
  }
}

/** A new name is durable with its folder. */
export function synchroniseFolder(path: string): void {
  const folder = openSync(dirname(path), constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

const PIECE_BYTES = 1024 * 1024;

/** As `sha256sum` prints it. */
export function sha256Of(file: number): string {
  const hash = createHash('sha256');
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let at = 0; ;) {
    const read = readSync(file, piece, 0, piece.length, at);
    if (read === 0) return hash.digest('hex');
    hash.update(piece.subarray(0, read));
    at += read;
  }
}

/** What a first line tells of the file before; undefined for any other line. */
export function setAsideOf({ seq, event, fields }: Line): SetAside | undefined {
  // A line of that name was written by setAside alone, and its hash stands for what is in it.
  return seq === 0 && event === SET_ASIDE ? (fields as unknown as SetAside) : undefined;
}
