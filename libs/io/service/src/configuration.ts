import { err, ok, type Result } from '@meridian/prelude';
import { parseDocument } from 'yaml';
import { z } from 'zod';

/** Where a configuration comes from. */
export type ConfigurationSource<Schema extends z.ZodObject> = {
  /** The daemon's name; `signer` makes `MERIDIAN_SIGNER_…` of its environment. */
  readonly app: string;
  readonly schema: Schema;
  /** The text of the YAML file; undefined when there is none. */
  readonly text: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/**
 * Reads a configuration once, from a YAML text and the environment above it. Every key can be given as
 * `MERIDIAN_<APP>_<PATH>`, its value written as YAML. All problems come together, a line each, with their paths.
 */
export function readConfiguration<Schema extends z.ZodObject>({
  app,
  schema,
  text,
  env,
}: ConfigurationSource<Schema>): Result<z.output<Schema>, readonly string[]> {
  const document = parseDocument(text ?? '');
  if (document.errors.length > 0) {
    return err(document.errors.map(({ message }) => message.split('\n')[0] ?? message));
  }
  const given: unknown = document.toJS() ?? {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return err(['the file: a table of keys is expected']);
  }
  const values = structuredClone(given) as Record<string, unknown>;
  const strangers = overrideFrom(values, prefixOf(app), schema, env);
  const parsed = schema.safeParse(values);
  const wrong = parsed.success ? [] : parsed.error.issues.flatMap(linesOf);
  const problems = [...strangers, ...wrong];
  return problems.length === 0 && parsed.success ? ok(parsed.data) : err(problems);
}

function prefixOf(app: string): string {
  return `MERIDIAN_${app.toUpperCase()}_`;
}

/** Puts what the environment says over the file; gives a line for each name that means nothing. */
function overrideFrom(
  values: Record<string, unknown>,
  prefix: string,
  schema: z.ZodObject,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const paths = new Map(pathsOf(schema).map(path => [prefix + nameOf(path), path]));
  const strangers: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(prefix) || text === undefined) continue;
    const path = paths.get(name);
    if (path === undefined) strangers.push(`${name}: no key has this name`);
    else put(values, path, parseDocument(text).toJS());
  }
  return strangers;
}

function put(values: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first, ...rest] = path;
  if (first === undefined) return;
  if (rest.length === 0) {
    values[first] = value;
    return;
  }
  const inner = values[first];
  const table =
    typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
  values[first] = table;
  put(table, rest, value);
}

/** `shutdownMs` becomes `SHUTDOWN_MS`. */
function nameOf(path: readonly string[]): string {
  return path.map(part => part.replace(/([A-Z])/g, '_$1').toUpperCase()).join('_');
}

/** The keys of a schema, with those of the tables in it. */
function pathsOf(schema: z.ZodObject): readonly (readonly string[])[] {
  return Object.entries(schema.shape).flatMap(([key, inner]) => {
    const type = bare(inner as z.ZodType);
    return type instanceof z.ZodObject ? pathsOf(type).map(path => [key, ...path]) : [[key]];
  });
}

/** A type without its default or optionality. */
function bare(type: z.ZodType): z.ZodType {
  if (
    type instanceof z.ZodDefault ||
    type instanceof z.ZodPrefault ||
    type instanceof z.ZodOptional
  ) {
    return bare(type.unwrap() as z.ZodType);
  }
  return type;
}

function linesOf(issue: z.core.$ZodIssue): readonly string[] {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => `${path === '' ? key : `${path}.${key}`}: there is no such key`);
  }
  // What is wrong with the name of an entry stands one level deeper.
  const [inner] = issue.code === 'invalid_key' ? issue.issues : [];
  if (inner !== undefined) return [`${path}: ${inner.message}`];
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [`${path === '' ? 'the file' : path}: ${isMissing ? 'is missing' : issue.message}`];
}

/** One key of a configuration, for help and documentation. */
export type ConfigurationKey = {
  readonly path: string;
  readonly variable: string;
  readonly description: string;
  readonly byDefault: string | undefined;
};

/** The keys of a configuration in their order. */
export function configurationKeys(app: string, schema: z.ZodObject): readonly ConfigurationKey[] {
  return pathsOf(schema).map(path => {
    const type = at(schema, path);
    const byDefault = type.safeParse(undefined);
    const value =
      byDefault.success && byDefault.data !== undefined
        ? JSON.stringify(byDefault.data)
        : undefined;
    return {
      path: path.join('.'),
      variable: prefixOf(app) + nameOf(path),
      description: type.meta()?.description ?? bare(type).meta()?.description ?? '',
      byDefault: value,
    };
  });
}

function at(schema: z.ZodObject, [first, ...rest]: readonly string[]): z.ZodType {
  const type = schema.shape[first ?? ''] as z.ZodType;
  const inner = bare(type);
  return rest.length > 0 && inner instanceof z.ZodObject ? at(inner, rest) : type;
}
