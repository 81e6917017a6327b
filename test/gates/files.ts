import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './skeleton.ts';

/** A file of the repository: its path from the root, with slashes, and what it says. */
export type TextFile = { readonly path: string; readonly text: string };

/** Folders that hold what others made, for a tree without git to ask. */
const NOT_OURS = new Set(['node_modules', '.git', '.nx', 'coverage']);

/** Every text file that is in the repository or would be after `git add`. */
export function repositoryFiles(): readonly TextFile[] {
  return paths()
    .filter(path => existsSync(join(root, path)) && statSync(join(root, path)).isFile())
    .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))
    .filter(({ text }) => !text.includes('\0'));
}

function paths(): readonly string[] {
  try {
    const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    const options = { cwd: root, encoding: 'utf8', stdio: 'pipe' } as const;
    return [...new Set(execFileSync('git', args, options).split('\0'))].filter(Boolean);
  } catch {
    return walk('');
  }
}

/** What is in a folder, for a copy of the tree that is no git repository, or a machine without git. */
export function walk(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : walk(path);
    return entry.isFile() ? [path] : [];
  });
}
