import { createHash } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes all of a text, of which each character is a byte: a disk that fills takes a part, and says how much. @throws Error */
export function writeAll(file: number, text: string, position: number): number {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length;) {
    const written = writeSync(file, bytes, at, bytes.length - at, position + at);
    if (written === 0) throw new Error('nothing more is taken');
    at += written;
  }
  return position + bytes.length;
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
