import { OperatorError } from './errors.ts';

/** An object of JSON, not a list and not null. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value of a JSON text.
 * @throws OperatorError `bad_input` that names where the text came from
 */
export function parseJson(source: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new OperatorError('bad_input', `${source} is not JSON: ${words}`);
  }
}

/** A path into JSON, its fields and list places. */
type Path = readonly (string | number)[];

/** A JSON value together with where it stands, so that each complaint names its field. */
export type Located = { readonly value: unknown; readonly source: string; readonly path: Path };

/** The field of an object. @throws OperatorError `bad_input` when it is missing */
export function field(at: Located, name: string): Located {
  const found = optionalField(at, name);
  if (found === undefined) throw complaint({ ...at, path: [...at.path, name] }, 'is missing');
  return found;
}

/** The field of an object, or undefined. @throws OperatorError `bad_input` when it is no object */
export function optionalField({ value, source, path }: Located, name: string): Located | undefined {
  if (!isObject(value)) throw complaint({ value, source, path }, 'is not an object');
  if (!Object.hasOwn(value, name) || value[name] === undefined) return undefined;
  return { value: value[name], source, path: [...path, name] };
}

/** The elements of a list. @throws OperatorError `bad_input` */
export function elements({ value, source, path }: Located): readonly Located[] {
  if (!Array.isArray(value)) throw complaint({ value, source, path }, 'is not a list');
  return value.map((each: unknown, at) => ({ value: each, source, path: [...path, at] }));
}

/** A text. @throws OperatorError `bad_input` */
export function textOf(at: Located): string {
  if (typeof at.value !== 'string') throw complaint(at, 'is not a text');
  return at.value;
}

/** The object itself. @throws OperatorError `bad_input` */
export function objectOf(at: Located): JsonObject {
  if (!isObject(at.value)) throw complaint(at, 'is not an object');
  return at.value;
}

/** The error that a value deserves. */
export function complaint({ source, path }: Located, words: string): OperatorError {
  const steps = path.map(step => (typeof step === 'number' ? `[${step.toString()}]` : `.${step}`));
  const where = steps.join('').replace(/^\./, '');
  return new OperatorError(
    'bad_input',
    `${source}: ${where === '' ? 'the whole' : where} ${words}`,
  );
}
