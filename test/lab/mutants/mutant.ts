import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One deliberate mistake in a lib, which that lib's own tests must notice. */
export type Mutant = {
  /** The rule of design.md §3 that the mistake breaks. */
  readonly rule: number;
  readonly why: string;
  /** Below the lib's `src`. */
  readonly file: string;
  /** Text that stands there exactly once. */
  readonly find: string;
  readonly replace: string;
};

/** What became of a mutant: `killed` by a red test, `survived`, or `stale` when its text is gone. */
export type Verdict = 'killed' | 'survived' | 'stale';

const REPOSITORY = join(import.meta.dirname, '../../..');
/** A mutant that loops for ever is caught too. */
const RUN_LIMIT_MS = 60_000;

/** Runs the tests of the lib in `folder` (from the repository's root) with the mistake in place. */
export async function judge(folder: string, mutant: Mutant): Promise<Verdict> {
  const copy = mkdtempSync(join(tmpdir(), 'meridian-mutant-'));
  try {
    cpSync(join(REPOSITORY, folder), copy, { recursive: true });
    symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'));
    const path = join(copy, 'src', mutant.file);
    const text = readFileSync(path, 'utf8');
    if (text.split(mutant.find).length !== 2) return 'stale';
    writeFileSync(
      path,
      text.replace(mutant.find, () => mutant.replace),
    );
    return (await testsPass(copy)) ? 'survived' : 'killed';
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Whether the untouched lib passes its own tests in such a copy: else every mutant would look killed. */
export async function passesUntouched(folder: string): Promise<boolean> {
  const file = 'index.ts';
  return (
    (await judge(folder, { rule: 0, why: '', file, ...sameText(folder, file) })) === 'survived'
  );
}

function sameText(folder: string, file: string): Pick<Mutant, 'find' | 'replace'> {
  const text = readFileSync(join(REPOSITORY, folder, 'src', file), 'utf8');
  return { find: text, replace: text };
}

function testsPass(root: string): Promise<boolean> {
  const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--bail=1', '--root', root], {
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
