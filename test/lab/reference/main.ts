import { writeFileSync } from 'node:fs';
import { PAGES, pageText } from './file.ts';

/* `npm run docs`: writes the pages of docs that come from tables. */

for (const [file, page] of PAGES) writeFileSync(file, await pageText(file, page));
