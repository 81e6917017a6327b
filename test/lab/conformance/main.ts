import { endWithReader } from '../quiet.ts';
import { readCaseFile, type CaseFile } from './case-file.ts';
import { PROFILES } from './profiles.ts';
import { runAgainst, runOwn, type Report, type Tell } from './run-file.ts';
import { SQLITE_STORE } from './sqlite-store.ts';
import type { StoreKind } from './stores.ts';
import { readWords, USAGE, type StoreName, type Wanted } from './words.ts';

/* `npm run conformance`: runs a file of cases against signers that are started for it, or against one that runs. */

const FAILED = 1;
const MISUSED = 2;

async function main(args: string[]): Promise<number> {
  const wanted = readWords(args);
  if (!wanted.ok) return misused(wanted.error);
  if (wanted.value === 'help') {
    console.log(USAGE);
    return 0;
  }
  const read = readCaseFile(wanted.value.cases);
  if (!read.ok) return misused(read.error);
  const chosen = choose(read.value, wanted.value.only);
  if (typeof chosen === 'string') return misused(chosen);
  const since = performance.now();
  const report = await run(chosen, wanted.value);
  if (typeof report === 'string') return misused(report);
  const { cases, passed, failed, skipped, expected } = report;
  const lists = {
    ...(skipped.length === 0 ? {} : { skipped }),
    ...(expected.length === 0 ? {} : { expected }),
  };
  const seconds = (performance.now() - since) / 1_000;
  console.error(`${passed} of ${cases} cases passed in ${seconds.toFixed(1)} s`);
  if (wanted.value.json) console.log(JSON.stringify({ cases, passed, failed, ...lists }));
  return failed.length === 0 ? 0 : FAILED;
}

function misused(why: string): number {
  console.error(why);
  return MISUSED;
}

/** The cases of these ids; all of them where none is named. */
function choose(file: CaseFile, only: readonly string[]): CaseFile | string {
  const unknown = only.find(id => !file.cases.some(one => one.id === id));
  if (unknown !== undefined) return `--only: there is no case ${unknown}`;
  if (only.length === 0) return file;
  return { ...file, cases: file.cases.filter(({ id }) => only.includes(id)) };
}

const tell: Tell = (id, outcome, why) => {
  console.error(`${id.padEnd(5)} ${outcome}${why ? `: ${why}` : ''}`);
};

async function run(file: CaseFile, { against }: Wanted): Promise<Report | string> {
  if ('url' in against) return runAgainst(file, against.url, PROFILES[against.profile], tell);
  let store: StoreKind;
  try {
    store = await OPENERS[against.store]();
  } catch (error) {
    return `--store ${against.store}: ${error instanceof Error ? error.message : String(error)}`;
  }
  console.error(`on ${store.version}`);
  try {
    return await runOwn(file, store, against.replicas, tell);
  } finally {
    await store.close();
  }
}

const OPENERS: Readonly<Record<StoreName, () => Promise<StoreKind>>> = {
  sqlite: () => Promise.resolve(SQLITE_STORE),
  postgres: async () => (await import('./sql-store.ts')).openPostgres(),
  cockroach: async () => (await import('./sql-store.ts')).openCockroach(),
};

endWithReader();
process.exitCode = await main(process.argv.slice(2));
