import { writeFileSync } from 'node:fs';
import { REFERENCE_FILE, referenceText } from './file.ts';

/* `npm run docs`: writes docs/reference.md. */

writeFileSync(REFERENCE_FILE, await referenceText());
