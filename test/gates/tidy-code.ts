import type { TextFile } from './files.ts';
import { entryPoints } from './manifests.ts';
import { castsToAny, exportsOf, functionsOf, isCode } from './syntax.ts';

/** What a reader should not have to put up with in code. Each check gives one line for each breach, none if all is well. */

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const EXPORTED_VALUES_MAX = 20;

/** Files fit in a head. */
export function longFiles(files: readonly TextFile[]): readonly string[] {
  return files.filter(isCode).flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length;
    return lines > FILE_LINES_MAX ? [`${path}: ${lines} lines, more than ${FILE_LINES_MAX}`] : [];
  });
}

/** Functions fit on a screen. */
export function longFunctions(files: readonly TextFile[]): readonly string[] {
  return files.filter(isCode).flatMap(file =>
    functionsOf(file)
      .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
      .map(
        ({ name, line, lines }) =>
          `${file.path}:${line}: ${name} has ${lines} lines, more than ${FUNCTION_LINES_MAX}`,
      ),
  );
}

/**
 * What a lib gives away is small enough to learn. Values only: a type is named by the values that take and return it,
 * so counting types would punish precise ones.
 */
export function wideEntryPoints(files: readonly TextFile[]): readonly string[] {
  return entryPoints(files).flatMap(file => {
    const { values, types } = exportsOf(file);
    return values.length > EXPORTED_VALUES_MAX
      ? [
          `${file.path}: exports ${values.length} values (and ${types.length} types), more than ${EXPORTED_VALUES_MAX}`,
        ]
      : [];
  });
}

/** What an entry point exports is written there, name by name. */
export function starExports(files: readonly TextFile[]): readonly string[] {
  const indexes = files.filter(({ path }) => /(^|\/)index\.ts$/.test(path));
  return [...new Set([...entryPoints(files), ...indexes])].flatMap(file =>
    exportsOf(file).stars.map(line => `${file.path}:${line}: export * hides what is exported`),
  );
}

/** No value leaves the type system. */
export function castsToNothing(files: readonly TextFile[]): readonly string[] {
  return files
    .filter(isCode)
    .flatMap(file => castsToAny(file).map(line => `${file.path}:${line}: a cast to any`));
}
