import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES, pageText } from './file.ts';

test.each([...PAGES].map(([file, page]) => ({ name: basename(file), file, page })))(
  'docs/$name says what the tables say; npm run docs writes it anew',
  async ({ file, page }) => {
    expect(readFileSync(file, 'utf8')).toBe(await pageText(file, page));
  },
);
