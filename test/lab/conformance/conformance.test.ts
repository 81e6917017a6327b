import { expect, test } from 'vitest';
import { describeWithPostgres } from '@meridian/faults/postgres';
import { vectors } from '../../vectors/load.ts';
import { parseCaseFile, type CaseFile } from './case-file.ts';
import { runOwn } from './run-file.ts';
import { openPostgres } from './sql-store.ts';
import { SQLITE_STORE } from './sqlite-store.ts';

const read = parseCaseFile(vectors('signer_cases'));
if (!read.ok) throw new Error(read.error);
const file: CaseFile = read.value;

/** One of each kind of check, and every fault that a SQLite store is set up for. */
const OVER_SQLITE = [
  'S02',
  'S14',
  'S26',
  'S38',
  'S55',
  'S73',
  'S92',
  'S93',
  'S97',
  'S110',
  'S113',
  'S119',
];
const PATIENCE_MS = 300_000;
const quietly = (): void => undefined;

const summary = (cases: number) => ({
  cases,
  passed: cases,
  failed: [],
  skipped: [],
  expected: [],
});

test(
  'cases of every kind pass over SQLite',
  async () => {
    const cases = file.cases.filter(({ id }) => OVER_SQLITE.includes(id));
    const report = await runOwn({ ...file, cases }, SQLITE_STORE, undefined, quietly);
    expect(report).toEqual(summary(OVER_SQLITE.length));
  },
  PATIENCE_MS,
);

test(
  'a fault that nobody knows is a case that failed, not one that passed',
  async () => {
    const [one] = file.cases.filter(({ id }) => id === 'S113');
    const cases = one === undefined ? [] : [{ ...one, fault: 'the moon falls' }];
    const report = await runOwn({ ...file, cases }, SQLITE_STORE, undefined, quietly);
    expect(report).toMatchObject({ passed: 0, failed: [{ id: 'S113' }] });
    expect(report.failed[0]?.why).toContain('not recognised');
  },
  PATIENCE_MS,
);

describeWithPostgres('over PostgreSQL', () => {
  test(
    'every case passes',
    async () => {
      const postgres = await openPostgres();
      try {
        const report = await runOwn(file, postgres, undefined, quietly);
        expect(report).toEqual(summary(file.cases.length));
      } finally {
        await postgres.close();
      }
    },
    PATIENCE_MS,
  );
});
