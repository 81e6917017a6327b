import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { decisionsPage } from '../../realdata/decision-differences.ts';
import { reference } from './reference.ts';

const DOCS = join(import.meta.dirname, '../../../docs');

/** The pages that are written from tables, by file. */
export const PAGES: ReadonlyMap<string, () => string> = new Map([
  [join(DOCS, 'reference.md'), reference],
  [join(DOCS, 'decisions.md'), decisionsPage],
]);

/** What is to stand in such a file, formatted as everything else. */
export async function pageText(file: string, page: () => string): Promise<string> {
  return format(page(), { ...(await resolveConfig(file)), parser: 'markdown' });
}
