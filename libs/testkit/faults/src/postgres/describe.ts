import { describe, test } from 'vitest';
import { MISSING, postgresPrograms } from './programs.ts';

let told = false;

/**
 * A `describe` of tests that need PostgreSQL. Where there is none they are skipped as one, and one line for a file says
 * what is missing; where CI is set nothing may be skipped, so there it fails.
 */
export function describeWithPostgres(name: string, body: () => void): void {
  if (postgresPrograms() !== undefined) {
    describe(name, body);
    return;
  }
  if (absence(process.env['CI']) === 'fail') {
    test(name, () => {
      throw new Error(MISSING);
    });
    return;
  }
  // On a user's machine without the part: counted as skipped and named, where CI fails above.
  test.skip(`${name} (${MISSING})`, () => undefined);
  if (!told) process.stderr.write(`skipped: ${MISSING}\n`);
  told = true;
}

/** What becomes of tests without their part. */
export function absence(ci: string | undefined): 'skip' | 'fail' {
  return ci === undefined || ['', '0', 'false'].includes(ci) ? 'skip' : 'fail';
}
