import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fdatasyncSync,
  fstatSync,
  linkSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { basename } from 'node:path';
import { orFail } from './errors.ts';
import { sha256Of, synchroniseFolder, writeAll } from './file.ts';
import { FIRST_PLACE, lineOf, type Line } from './line.ts';
import { tailOf, type Tail } from './tail.ts';

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
 * Nothing is deleted or written over, and whenever the power goes there is one of both in the place. Where that fails,
 * what it made is taken away again.
 * @param path as its folder has it, not by a symbolic link
 * @throws AuditError `unwritable`
 */
export function setAside(
  path: string,
  damaged: number,
  tail: Tail,
  at: string,
): { readonly file: number; readonly told: SetAside } {
  return orFail('unwritable', () => {
    // What is said of it is what a disk has of it.
    fdatasyncSync(damaged);
    const aside = linked(path, `${path}.damaged-${at.replaceAll(':', '-')}`);
    try {
      synchroniseFolder(path);
      const told = toldOf(basename(aside), damaged, tail);
      return {
        file: replacedBy(
          `${aside}.next`,
          path,
          damaged,
          lineOf(FIRST_PLACE, at, SET_ASIDE, told).text,
        ),
        told,
      };
    } catch (error) {
      if (isThere(path, damaged)) removed(aside);
      throw error;
    }
  });
}

function toldOf(file: string, damaged: number, { last, bytes, damage = '' }: Tail): SetAside {
  return {
    ...{ file, why: damage },
    ...{ lines: last === undefined ? null : last.seq + 1, hash: last?.hash ?? null },
    ...{ bytes, sha256: sha256Of(damaged) },
  };
}

/** Makes a file of one line and puts it in the place of the damaged one, for whoever might read that. */
function replacedBy(next: string, path: string, damaged: number, line: string): number {
  const { O_RDWR, O_CREAT, O_EXCL } = constants;
  const file = openSync(next, O_RDWR | O_CREAT | O_EXCL, 0o600);
  try {
    allowedAs(file, damaged);
    writeAll(file, `${line}\n`, 0);
    fdatasyncSync(file);
    const { last, damage } = tailOf(file);
    if (last === undefined || damage !== undefined) throw new Error('the new file has no line');
    renameSync(next, path);
    synchroniseFolder(path);
    return file;
  } catch (error) {
    if (isThere(next, file)) removed(next);
    closeSync(file);
    throw error;
  }
}

/** Gives a new file the owner and the mode of another one; nobody but root gives files away. */
function allowedAs(file: number, other: number): void {
  const { uid, gid, mode } = fstatSync(other);
  if (process.getuid?.() === 0) fchownSync(file, uid, gid);
  fchmodSync(file, mode & 0o777);
}

/** Whether a name is that of an open file. */
function isThere(name: string, file: number): boolean {
  const [there, open] = [statSync(name, { throwIfNoEntry: false }), fstatSync(file)];
  return there?.ino === open.ino && there.dev === open.dev;
}

function removed(name: string): void {
  try {
    unlinkSync(name);
  } catch {
    // A name too many is no loss.
  }
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

/** What a first line tells of the file before; undefined for any other line. */
export function setAsideOf({ seq, event, fields }: Line): SetAside | undefined {
  // A line of that name was written by setAside alone, and its hash stands for what is in it.
  return seq === 0 && event === SET_ASIDE ? (fields as unknown as SetAside) : undefined;
}
