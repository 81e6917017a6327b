/** What a text in an answer is, as far as its form tells: a client reads by these, not by the value. */
const FORMS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['address', /^tz[1-4]\w{33}$/],
  ['block hash', /^B\w{50}$/],
  ['operation hash', /^o\w{50}$/],
  ['protocol hash', /^P\w{50}$/],
  ['payload hash', /^vh\w{50}$/],
  ['operations hash', /^LLo\w{50}$/],
  ['context hash', /^Co\w{50}$/],
  ['nonce hash', /^nce\w{50}$/],
  ['chain id', /^Net\w{12}$/],
  ['public key', /^(ed|sp|p2|BL)pk\w+$/],
  ['signature', /^(sig|BLsig)\w+$/],
  ['timestamp', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/],
  ['integer', /^-?\d+$/],
  ['hex', /^([0-9a-f]{2})+$/],
];

/**
 * The shape of a JSON value: the names of its fields in their order and the form of what they hold. Elements of a list
 * have one shape or, where they differ, all that occur; an empty list has none.
 */
export function jsonShape(value: unknown): unknown {
  if (Array.isArray(value)) {
    const shapes = new Map(value.map(each => [JSON.stringify(jsonShape(each)), jsonShape(each)]));
    return [...shapes.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, s]) => s);
  }
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).map(([name, each]) => [name, jsonShape(each)]);
  }
  if (typeof value === 'string') {
    return FORMS.find(([, pattern]) => pattern.test(value))?.[0] ?? 'text';
  }
  return value === null ? 'null' : typeof value;
}
