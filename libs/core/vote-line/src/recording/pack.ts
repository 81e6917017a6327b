import { err, ok, type Result } from '@meridian/prelude';
import { fromHex, toHex } from '@meridian/tezos';

/*
 * Values of the line as JSON and back. What JSON lacks is an object with one field that begins with a dollar; an object
 * of a node that has such a field itself is wrapped, so that no node's words are taken for ours.
 */

/** A value as JSON holds it: maps, sets, bytes, big numbers and `undefined` under marks. */
export function pack(value: unknown): unknown {
  if (value === undefined) return { $undefined: true };
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Map) return { $map: [...value].map(pack) };
  if (value instanceof Set) return { $set: [...value].map(pack) };
  if (value instanceof Uint8Array) return { $hex: toHex(value) };
  if (Array.isArray(value)) return value.map(pack);
  const entries = Object.entries(value).map(([name, inner]) => [name, pack(inner)] as const);
  const packed: unknown = Object.fromEntries(entries);
  return entries.some(([name]) => name.startsWith('$')) ? { $object: packed } : packed;
}

/** The value that {@link pack} packed, or words about what it never writes. */
export function unpack(packed: unknown): Result<unknown, string> {
  try {
    return ok(unpacked(packed));
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

function unpacked(packed: unknown): unknown {
  if (typeof packed !== 'object' || packed === null) return packed;
  if (Array.isArray(packed)) return packed.map(unpacked);
  const [entry, ...others] = Object.entries(packed);
  if (entry === undefined || others.length > 0 || !entry[0].startsWith('$')) return fields(packed);
  const [mark, inner] = entry as [string, unknown];
  switch (mark) {
    case '$undefined':
      return undefined;
    case '$bigint':
      return BigInt(String(inner));
    case '$map':
      return new Map(list(inner).map(pair));
    case '$set':
      return new Set(list(inner).map(unpacked));
    case '$hex':
      return fromHex(String(inner));
    case '$object':
      return fields(inner);
    default:
      throw new Error(`a value is marked ${mark}`);
  }
}

function fields(packed: unknown): unknown {
  return Object.fromEntries(
    Object.entries(packed ?? {}).map(([name, inner]) => [name, unpacked(inner)]),
  );
}

function list(packed: unknown): readonly unknown[] {
  if (Array.isArray(packed)) return packed as unknown[];
  throw new Error('a list is missing');
}

function pair(packed: unknown): readonly [unknown, unknown] {
  const [key, value] = list(packed);
  return [unpacked(key), unpacked(value)];
}
