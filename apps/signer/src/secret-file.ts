import { readFileSync, statSync } from 'node:fs';

/** Group and others. */
const EXPOSED_MODE = 0o077;

/**
 * The text of a file that is for its owner alone.
 * @param name what names the file: a key of the configuration, or a flag
 * @throws Error naming the file, never what is in it
 */
export function secretOf(name: string, file: string): string {
  const why = (complaint: string) => new Error(`${name}: ${file} ${complaint}`);
  let text: string;
  try {
    if ((statSync(file).mode & EXPOSED_MODE) !== 0)
      throw why('may be read by others than its owner');
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw why('cannot be read');
  }
  return text;
}
