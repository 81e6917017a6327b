import { RECORDING_FILE } from '@meridian/vote-feed';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../errors.ts';

/**
 * The recordings that a path names: itself, or those in the folder, the oldest first.
 * @throws OperatorError `bad_input` where there are none
 */
export async function recordingsAt(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter(name => RECORDING_FILE.test(name)).sort();
    if (names.length > 0) return names.map(name => join(path, name));
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new OperatorError('bad_input', `${path}: no recording is in this folder`);
}

/** A line, or what is left of one whose end was never written. */
export type RecordingLine = { readonly text: string; readonly isWhole: boolean };

/**
 * The lines of a file, one at a time.
 * @throws OperatorError `bad_input` where it cannot be read
 */
export async function* linesOf(path: string): AsyncGenerator<RecordingLine, void> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, 'utf8')) {
      const texts = (rest + String(chunk)).split('\n');
      rest = texts.pop() ?? '';
      for (const text of texts) yield { text, isWhole: true };
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  if (rest !== '') yield { text: rest, isWhole: false };
}

function unreadable(path: string, error: unknown): OperatorError {
  const words = error instanceof Error ? error.message : String(error);
  return new OperatorError('bad_input', `cannot read ${path}: ${words}`);
}
