import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The root of this repository. */
export const root = join(import.meta.dirname, '../..');

/** A workspace in a temporary folder that lives under the real rules. */
export type Skeleton = {
  readonly folder: string;
  readonly write: (file: string, text: string) => void;
  /** Runs a tool among the packages in it; no project graph is cached when the first one starts. */
  readonly run: (tool: string, args: readonly string[]) => Promise<Output>;
  readonly remove: () => void;
};

/** What a tool wrote; its status only says whether it found something. */
export type Output = { readonly stdout: string; readonly stderr: string };

/** A project of a skeleton: its folder and what its package.json says. */
export type Project = { readonly folder: string; readonly manifest?: Record<string, unknown> };

/** The files that make the rules: what lint, the compiler and Nx read at the root. */
const HOUSE = [
  ...['boundaries.js', 'eslint.config.js', 'nx-projects.js', 'nx.json', '.gitignore'],
  ...['tsconfig.json', 'tsconfig.core.json', 'package.json'],
];

/**
 * Makes a workspace with the real rules and these projects, each exporting one value. Third-party packages are the
 * installed ones; those of `packages` that are not installed exist for Nx all the same, as if they were locked.
 */
export function skeleton(projects: readonly Project[], packages: readonly string[]): Skeleton {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-')));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  for (const file of HOUSE) cpSync(join(root, file), join(folder, file));
  write('package-lock.json', lockfile(packages));
  linkInstalled(folder);
  for (const project of projects) {
    const name = `@meridian/${basename(project.folder)}`;
    const manifest = { name, version: '0.1.0', type: 'module', exports: './src/index.ts' };
    write(`${project.folder}/package.json`, JSON.stringify({ ...manifest, ...project.manifest }));
    write(`${project.folder}/src/index.ts`, `export const folder = '${project.folder}';\n`);
    symlinkSync(join(folder, project.folder), join(folder, 'node_modules', name));
  }
  return {
    ...{ folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) },
    run: (tool, args) => runIn(folder, tool, args),
  };
}

function runIn(folder: string, tool: string, args: readonly string[]): Promise<Output> {
  // What Nx sets for its own tasks names the real workspace.
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith('NX_'));
  const options = { cwd: folder, env: Object.fromEntries(env), maxBuffer: 2 ** 26 };
  const command = [join(root, 'node_modules', tool), ...args];
  return new Promise(resolve => {
    execFile(process.execPath, command, options, (_, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}

/** Links every installed package; the workspace's own are left out, since the skeleton has others. */
function linkInstalled(folder: string): void {
  const installed = join(root, 'node_modules');
  const link = (name: string): void =>
    symlinkSync(join(installed, name), join(folder, 'node_modules', name));
  mkdirSync(join(folder, 'node_modules/@meridian'), { recursive: true });
  for (const name of readdirSync(installed)) {
    if (!name.startsWith('.') && name !== '@meridian') link(name);
  }
}

function lockfile(packages: readonly string[]): string {
  const locked = packages.map(name => [`node_modules/${name}`, { version: '1.0.0' }] as const);
  return JSON.stringify({
    ...{ name: 'meridian', version: '0.1.0', lockfileVersion: 3 },
    packages: { '': { name: 'meridian', version: '0.1.0' }, ...Object.fromEntries(locked) },
  });
}
