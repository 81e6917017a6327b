/** An answer of a node that is not what the RPC gives. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer';
}

type JsonFields = Readonly<Record<string, unknown>>;

/** @throws UnusableAnswer */
export function fieldsOf(value: unknown): JsonFields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as JsonFields;
  throw new UnusableAnswer('an answer is no object');
}

/** @throws UnusableAnswer */
export function textOf(fields: JsonFields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw new UnusableAnswer(`${name} is no text`);
}

/** @throws UnusableAnswer */
export function wholeOf(fields: JsonFields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new UnusableAnswer(`${name} is no whole number`);
}
