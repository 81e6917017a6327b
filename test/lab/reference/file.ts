import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { reference } from './reference.ts';

/** Where the reference is kept. */
export const REFERENCE_FILE = join(import.meta.dirname, '../../../docs/reference.md');

/** What is to stand there, formatted as everything else. */
export async function referenceText(): Promise<string> {
  return format(reference(), { ...(await resolveConfig(REFERENCE_FILE)), parser: 'markdown' });
}
