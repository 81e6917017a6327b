/** A value of JSON whose numbers are whole. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * The one text of a JSON value: names sorted by their code units, no spaces, nothing but printable ASCII. So it is
 * the same wherever it is written, and a signature over it survives any layout of a file.
 */
export function canonicalJson(value: Json): string {
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return ascii(JSON.stringify(value));
  const names = Object.keys(value).sort();
  return `{${names.map(name => `${ascii(JSON.stringify(name))}:${canonicalJson(value[name] ?? null)}`).join(',')}}`;
}

/** The bytes of {@link canonicalJson}, one for each character. */
export function canonicalBytes(value: Json): Uint8Array {
  const text = canonicalJson(value);
  return Uint8Array.from(text, letter => letter.charCodeAt(0));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function ascii(text: string): string {
  return text.replace(
    /[^ -~]/g,
    letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
