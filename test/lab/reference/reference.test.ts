import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REFERENCE_FILE, referenceText } from './file.ts';

test('docs/reference.md says what the tables say; npm run docs writes it anew', async () => {
  expect(readFileSync(REFERENCE_FILE, 'utf8')).toBe(await referenceText());
});
