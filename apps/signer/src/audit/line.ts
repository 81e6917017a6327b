import { toHex } from '@meridian/tezos';
import { blake2b256 } from '@meridian/tezos/hash';
import { canonicalBytes, canonicalJson, type Json } from '@meridian/watermark/interchange';

/** What is told in a line; neither secrets nor signatures. */
export type AuditFields = Readonly<Record<string, unknown>>;

/** Which line it is, from 0, and the hash of the one before. */
export type Place = { readonly seq: number; readonly prev: string };

/** Where the first line stands. */
export const FIRST_PLACE: Place = { seq: 0, prev: '0'.repeat(64) };

/** The longest line. */
export const LINE_BYTES_MAX = 64 * 1024;

/** A line as text, and its hash, which the next one names. */
export function lineOf(
  { seq, prev }: Place,
  at: string,
  event: string,
  fields: AuditFields,
): { readonly text: string; readonly hash: string } {
  // What is undefined has no place in JSON.
  let left = JSON.parse(JSON.stringify(fields)) as AuditJson;
  for (;;) {
    const bare = { seq, at, event, fields: left, prev };
    const hash = hashOf(bare);
    const text = canonicalJson({ ...bare, hash });
    const shorter = text.length <= LINE_BYTES_MAX ? undefined : withoutLargest(left);
    if (shorter === undefined) return { text, hash };
    left = shorter;
  }
}

type AuditJson = Readonly<Record<string, Json>>;

/** The last resort for a line that is too long: `cut_bytes` names what was taken out, and how long it was. */
function withoutLargest({ cut_bytes: cut = {}, ...fields }: AuditJson): AuditJson | undefined {
  const sizes = Object.entries(fields).map(([name, value]) => [name, canonicalJson(value).length]);
  const [largest] = sizes.sort(([, one], [, other]) => Number(other) - Number(one));
  if (largest === undefined) return undefined;
  const [name, bytes] = largest as [string, number];
  const left = Object.entries(fields).filter(([each]) => each !== name);
  return { ...Object.fromEntries(left), cut_bytes: { ...(cut as object), [name]: bytes } };
}

function hashOf(line: Json): string {
  return toHex(blake2b256(canonicalBytes(line)));
}

/** What stands in a line. */
export type Line = Place & { readonly hash: string; readonly event: Json; readonly fields: Json };

/** A line, or what is wrong with it where it stands; at a place that is not known, what is wrong with it by itself. */
export function readLineAt(place: Place | undefined, text: string): Line | string {
  const line = readLine(text);
  if (typeof line === 'string' || place === undefined) return line;
  if (line.prev !== place.prev) return 'it does not follow the line before';
  return line.seq === place.seq ? line : 'lines before it are missing';
}

/** Where the line after another one stands. */
export function placeAfter({ seq, hash }: Pick<Line, 'seq' | 'hash'>): Place {
  return { seq: seq + 1, prev: hash };
}

function readLine(text: string): Line | string {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return 'it is no JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no object';
  const { hash, ...bare } = value as Readonly<Record<string, Json>>;
  const { seq, prev } = bare;
  if (typeof hash !== 'string' || typeof seq !== 'number' || typeof prev !== 'string')
    return 'a field is missing';
  if (hash !== hashOf(bare)) return 'it says something else than its hash';
  return { seq, prev, hash, event: bare['event'] ?? null, fields: bare['fields'] ?? null };
}
