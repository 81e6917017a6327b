import type { TextFile } from './files.ts';
import { isCode } from './syntax.ts';

/** Words that should not be left behind. Each check gives one line for each breach, none if all is well. */

/** A breach of a pattern, for every line of every file that has one. */
function linesWith(
  files: readonly TextFile[],
  pattern: RegExp,
  says: string,
  excused: (lines: readonly string[], at: number) => boolean = () => false,
): readonly string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    return lines.flatMap((line, at) =>
      pattern.test(line) && !excused(lines, at) ? [`${path}:${at + 1}: ${says}`] : [],
    );
  });
}

// Written in halves, so that this file does not find itself.
const MARKERS = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'];

/** Work left for later is an issue, not a comment. */
export function markers(files: readonly TextFile[]): readonly string[] {
  return linesWith(files, new RegExp(`\\b(${MARKERS.join('|')})\\b`), 'a leftover marker');
}

/** A test runs, or says why it does not, beside it or (in brackets) in its name; none keeps the others from running. */
export function sleepingTests(files: readonly TextFile[]): readonly string[] {
  const tests = files.filter(isCode);
  const call = (words: string): RegExp =>
    new RegExp(`\\b(test|it|describe|suite|bench)(\\.\\w+)*\\.(${words})\\b`);
  const hasReason = (lines: readonly string[], at: number): boolean =>
    /\/\/ \w|\(['"`].*\(.+\)['"`]/.test(lines[at] ?? '') ||
    /^\s*(\/\/|\*\/|\*|\/\*) ?\w/.test(lines[at - 1] ?? '');
  return [
    ...linesWith(tests, call('only'), 'keeps the other tests from running'),
    ...linesWith(
      tests,
      call('skip|skipIf|todo|fails'),
      'a test that sleeps without a reason',
      hasReason,
    ),
  ];
}

/** The compiler is overruled with a reason or not at all. */
export function overruledCompiler(files: readonly TextFile[]): readonly string[] {
  const code = files.filter(isCode);
  return [
    ...linesWith(code, /@ts-(ignore|nocheck)\b/, 'the compiler is silenced'),
    ...linesWith(code, /@ts-expect-error(?!\W+\w.{9})/, 'an expected error without its reason'),
  ];
}

/** Lint is overruled on one line, by the name of a rule, with a reason; boundaries, purity and size never. */
export function overruledLint(files: readonly TextFile[]): readonly string[] {
  const code = files.filter(isCode);
  const directive = /(\/\/|\/\*)\s*eslint-disable/;
  const never = /eslint[-]disable.*(enforce-module-boundaries|no-restricted|max-lines)/;
  const good = /eslint-disable(-next)?-line [\w@/-]+(, [\w@/-]+)* -- \w.{9}/;
  const isGood = (lines: readonly string[], at: number): boolean => good.test(lines[at] ?? '');
  return [
    ...linesWith(code, never, 'a rule that has no exceptions is disabled'),
    ...linesWith(code, directive, 'a rule is disabled without name, line and reason', isGood),
  ];
}

/** Nothing depends on where one machine keeps things. */
export function machinePaths(files: readonly TextFile[]): readonly string[] {
  return linesWith(files, /(?<![\w.~-])\/(work|root|home)\//, 'a path of one machine');
}

/** Which registry packages come from is the installer's business. */
export function registryHosts(files: readonly TextFile[]): readonly string[] {
  const hosts =
    /\bregistry\.(npmjs|yarnpkg)\.|"resolved": "https?:|^\s*(@[\w-]+:)?registry\s*=|_auth[T]oken/;
  return linesWith(files, hosts, 'the host of a registry');
}

/** After `npx --no` npm takes the flags of a program for its own, unless two dashes stand before the program. */
export function swallowedFlags(files: readonly TextFile[]): readonly string[] {
  return linesWith(files, /npx --no (?!-- )\w/, 'npm may take the flags of this program');
}
