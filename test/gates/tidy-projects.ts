import { posix } from 'node:path';
import type { TextFile } from './files.ts';
import { dependenciesOf, projectsIn, targetsOf, type Project } from './manifests.ts';
import { importsOf, isCode, isTest, pathsNamedIn } from './syntax.ts';

/** What every project has, and what none keeps. Each check gives one line for each breach, none if all is well. */

const README_LINES_MAX = 60;

/** Every project says what it is, in a few lines. */
export function missingReadmes(files: readonly TextFile[]): readonly string[] {
  return projectsIn(files).flatMap(({ folder }) => {
    const path = posix.join(folder, 'README.md');
    const readme = files.find(file => file.path === path);
    const lines = readme?.text.split('\n').filter(line => line.trim() !== '').length ?? 0;
    if (lines < 2) return [`${path}: missing or empty`];
    const few = folder === '.' || lines <= README_LINES_MAX;
    return few ? [] : [`${path}: ${lines} lines, more than ${README_LINES_MAX}`];
  });
}

/** What a project declares, it imports. The root's are tools that are run, and types are imported by nobody. */
export function unusedDependencies(files: readonly TextFile[]): readonly string[] {
  return projectsIn(files)
    .filter(({ folder }) => folder !== '.')
    .flatMap(project => {
      const imported = packagesImportedBy(project, files);
      return dependenciesOf(project.manifest)
        .map(([name]) => name)
        .filter(name => !imported.has(name) && !name.startsWith('@types/'))
        .map(name => `${project.path}: ${name} is declared and never imported`);
    });
}

/** What a project imports of ours, it declares; lint sees to the packages of others. */
export function undeclaredProjects(files: readonly TextFile[]): readonly string[] {
  const projects = projectsIn(files);
  const ours = new Set(projects.map(({ manifest }) => manifest.name));
  return projects
    .filter(({ folder }) => folder !== '.')
    .flatMap(project => {
      const declared = new Set(dependenciesOf(project.manifest).map(([name]) => name));
      return [...packagesImportedBy(project, files)]
        .filter(name => ours.has(name) && !declared.has(name) && name !== project.manifest.name)
        .map(name => `${project.path}: ${name} is imported and not declared`);
    });
}

/** A version says which one. */
export function looseVersions(files: readonly TextFile[]): readonly string[] {
  return projectsIn(files).flatMap(({ path, manifest }) =>
    dependenciesOf(manifest)
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${path}: ${name} is ${version}, not one version`),
  );
}

/**
 * Every source file is reached from something that runs: a package.json, a test, a configuration or script outside the
 * projects, or a file that is itself reached.
 */
export function deadFiles(files: readonly TextFile[]): readonly string[] {
  const code = new Map(files.filter(isCode).map(file => [file.path, file]));
  const inProjects = (path: string): boolean => /^(apps|libs|test)\//.test(path);
  const reached = new Set<string>();
  const waiting = [...code.values()].filter(file => isTest(file) || !inProjects(file.path));
  waiting.push(...started(files).flatMap(path => code.get(path) ?? []));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file.path)) continue;
    reached.add(file.path);
    waiting.push(...pathsNamedIn(file).flatMap(path => code.get(path) ?? []));
  }
  return [...code.keys()]
    .filter(path => inProjects(path) && !reached.has(path))
    .map(path => `${path}: nothing runs, imports or tests it`);
}

/** Files that package.json fields name, and files named in what is neither code nor prose: scripts, images, workflows. */
function started(files: readonly TextFile[]): readonly string[] {
  const fields = projectsIn(files).flatMap(({ folder, manifest }) =>
    [...targetsOf(manifest.exports), ...targetsOf(manifest.bin)].map(target =>
      posix.join(folder, target),
    ),
  );
  const isProse = ({ path }: TextFile): boolean => path.endsWith('.md');
  const words = files
    .filter(file => !isCode(file) && !isProse(file))
    .flatMap(({ text }) => text.match(/[\w./-]+\.(?:ts|mjs|js)\b/g) ?? []);
  return [...fields, ...words.map(word => posix.normalize(word))];
}

function packagesImportedBy({ folder }: Project, files: readonly TextFile[]): ReadonlySet<string> {
  const own = files.filter(file => isCode(file) && file.path.startsWith(`${folder}/`));
  return new Set(own.flatMap(importsOf).map(packageOf));
}

/** The package of an import: its first part, or its first two below a scope. */
function packageOf(module: string): string {
  return module.split('/', module.startsWith('@') ? 2 : 1).join('/');
}
