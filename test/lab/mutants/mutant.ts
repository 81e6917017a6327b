import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Subject } from './subjects.ts';

/** One deliberate mistake in a project, which that project's own tests must notice. */
export type Mutant = {
  /** What the mistake breaks: one of the ten rules of design.md §3, or a section of it. */
  readonly rule: number | `§${string}`;
  readonly why: string;
  /** Below the project's `src`. */
  readonly file: string;
  /** Text that stands there exactly once. */
  readonly find: string;
  readonly replace: string;
};

/** What became of a mutant: `killed` by a red test, `survived`, or `stale` when its text is gone. */
export type Verdict = 'killed' | 'survived' | 'stale';

const REPOSITORY = join(import.meta.dirname, '../../..');
/** A mutant that loops for ever is caught too. */
const RUN_LIMIT_MS = 240_000;

/** What a mutant makes of its file; undefined when the text to replace is not there, or there twice. */
export function mutated(folder: string, { file, find, replace }: Mutant): string | undefined {
  const text = readFileSync(join(REPOSITORY, folder, 'src', file), 'utf8');
  return text.split(find).length === 2 ? text.replace(find, () => replace) : undefined;
}

/** Runs the tests of a project in a copy of it with the mistake in place. */
export async function judge(subject: Subject, mutant: Mutant): Promise<Verdict> {
  const text = mutated(subject.folder, mutant);
  if (text === undefined) return 'stale';
  return within(subject, async copy => {
    writeFileSync(join(copy, 'src', mutant.file), text);
    const first = testsOf(subject, mutant.file).map(test => join('src', test));
    if (first.length > 0 && !(await testsPass(copy, first))) return 'killed';
    return (await testsPass(copy)) ? 'survived' : 'killed';
  });
}

/** The test files of a project that are likely to notice what is wrong with one of its files. */
export function testsOf({ folder, concerns }: Subject, file: string): readonly string[] {
  const named = concerns[file];
  if (named !== undefined) return named;
  const twin = file.replace(/\.ts$/, '.test.ts');
  return existsSync(join(REPOSITORY, folder, 'src', twin)) ? [twin] : [];
}

/** Whether the untouched project passes its own tests in such a copy: else every mutant would look killed. */
export function passesUntouched(subject: Subject): Promise<boolean> {
  return within(subject, copy => testsPass(copy));
}

/** Does something with a copy of a project, of which nothing is left afterwards. */
async function within<Outcome>(
  { folder }: Subject,
  use: (copy: string) => Promise<Outcome>,
): Promise<Outcome> {
  const copy = mkdtempSync(join(tmpdir(), 'meridian-mutant-'));
  try {
    // What tools leave in a project's folder stays there.
    const filter = (path: string) => basename(path) !== 'node_modules';
    cpSync(join(REPOSITORY, folder), copy, { recursive: true, filter });
    symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'));
    return await use(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function testsPass(root: string, tests: readonly string[] = []): Promise<boolean> {
  const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--bail=1', '--root', root, ...tests], {
    cwd: root,
    stdio: 'ignore',
    timeout: RUN_LIMIT_MS,
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', status => {
      resolve(status === 0);
    });
  });
}
