import { readFileOf } from '@meridian/configuration';
import { randomUUID } from 'node:crypto';
import { link, lstat, mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { problemsByFlag } from '../addresses.ts';
import { OperatorError } from '../errors.ts';
import type { Draft } from './plan.ts';

/** Files name where secrets are, and addresses may carry passwords. */
const OWNER_ONLY = 0o600;

/**
 * Writes all files or none. Each is written under another name first and read back as its daemon reads it; only then
 * they get their names, one that is there already only with `force`.
 * @throws OperatorError `misused`, naming the flag
 */
export async function writeAll(drafts: readonly Draft[], force: boolean): Promise<void> {
  const folder = dirname(drafts[0]?.path ?? '.');
  const made = await attempt('--out', () => mkdir(folder, { recursive: true }));
  const mark = randomUUID();
  const files = drafts.map(draft => ({
    ...draft,
    fresh: `${draft.path}.${mark}.new`,
    former: `${draft.path}.${mark}.old`,
  }));
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const { fresh, text } of files) {
      undo.push(() => rm(fresh, { force: true }));
      await attempt('--out', () => writeFile(fresh, text, { mode: OWNER_ONLY, flag: 'wx' }));
    }
    await readBack(files);
    for (const { path, fresh, former } of files) {
      if (force && (await moved(path, former))) undo.push(() => rename(former, path));
      // A link never replaces a file, whoever put it there meanwhile.
      await attempt('--out', () => link(fresh, path));
      undo.push(() => rm(path));
    }
  } catch (error) {
    for (const back of undo.reverse()) await back();
    if (made !== undefined) await rmdir(folder).catch(() => undefined);
    throw error;
  }
  for (const { fresh, former } of files) {
    await rm(fresh);
    await rm(former, { force: true });
  }
}

async function readBack(files: readonly (Draft & { readonly fresh: string })[]): Promise<void> {
  const problems = new Set<string>();
  for (const { app, fresh, flagOf } of files) {
    const read = readFileOf(app, await readFile(fresh, 'utf8'), {});
    if (!read.ok) problemsByFlag(read.error, flagOf).forEach(line => problems.add(line));
  }
  if (problems.size > 0) throw new OperatorError('misused', [...problems].join('\n'));
}

/** Whether there was a file to put aside. */
async function moved(path: string, to: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isFile())
      throw new OperatorError('misused', `--out: ${path} is no file`);
    await rename(path, to);
    return true;
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    if (codeOf(error) === 'ENOENT') return false;
    throw complaintOf('--out', error);
  }
}

async function attempt<Result>(flag: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw complaintOf(flag, error);
  }
}

function complaintOf(flag: string, error: unknown): OperatorError {
  const { message, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const words =
    codeOf(error) === 'EEXIST' && dest !== undefined
      ? `${dest} is there already; --force replaces it`
      : message;
  return new OperatorError('misused', `${flag}: ${words}`);
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
