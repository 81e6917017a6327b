import { posix } from 'node:path';
import type { TextFile } from './files.ts';

/** What the checks read in a package.json. */
export type Manifest = {
  readonly name: string;
  readonly exports?: string | Readonly<Record<string, string>>;
  readonly bin?: string | Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

/** A folder with a package.json; the root's folder is '.'. */
export type Project = {
  readonly folder: string;
  readonly path: string;
  readonly manifest: Manifest;
};

/** Every project among the files, the root included. */
export function projectsIn(files: readonly TextFile[]): readonly Project[] {
  return files
    .filter(({ path }) => posix.basename(path) === 'package.json')
    .map(({ path, text }) => ({
      folder: posix.dirname(path),
      path,
      manifest: JSON.parse(text) as Manifest,
    }));
}

/** The files that `exports` of the projects name. */
export function entryPoints(files: readonly TextFile[]): readonly TextFile[] {
  const named = new Set(
    projectsIn(files).flatMap(({ folder, manifest }) =>
      targetsOf(manifest.exports).map(target => posix.join(folder, target)),
    ),
  );
  return files.filter(({ path }) => named.has(path));
}

/** The files that a field such as `exports` or `bin` names. */
export function targetsOf(field: Manifest['exports']): readonly string[] {
  if (field === undefined) return [];
  return typeof field === 'string' ? [field] : Object.values(field);
}

/** Every declared dependency with its version. */
export function dependenciesOf(manifest: Manifest): readonly (readonly [string, string])[] {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
}
