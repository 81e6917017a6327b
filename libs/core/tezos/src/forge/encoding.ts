import { clipped, shown, TezosError } from '../errors.ts';
import { byteReader, byteWriter, type ByteReader, type ByteWriter } from './bytes.ts';

/**
 * One description of a value: how its bytes are written and read, and which JSON a node prints for it.
 * The value itself *is* that JSON, so `write` is handed anything that JSON can hold and refuses what does
 * not fit, and `read` gives a value that `write` accepts and turns into the same bytes.
 */
export type Encoding<Value> = {
  /** @throws TezosError when `value` is not a `Value` */
  readonly write: (out: ByteWriter, value: unknown) => void;
  /** @throws TezosError when the bytes are not those of a `Value` */
  readonly read: (input: ByteReader) => Value;
  /** The value may be undefined: a record then leaves its field out of the JSON. */
  readonly optional?: true;
};

/**
 * The bytes of a value.
 * @throws TezosError naming the field
 */
export function encode<Value>(encoding: Encoding<Value>, value: unknown): Uint8Array {
  const out = byteWriter();
  encoding.write(out, value);
  return out.bytes();
}

/**
 * The value whose bytes these are, all of them.
 * @throws TezosError naming the offset and the field
 */
export function decode<Value>(encoding: Encoding<Value>, bytes: Uint8Array): Value {
  return readWhole(encoding, byteReader(bytes));
}

/** Reads a value that must end where its window ends. */
export function readWhole<Value>(encoding: Encoding<Value>, input: ByteReader): Value {
  const value = encoding.read(input);
  if (input.remaining() > 0) {
    const left = `${input.remaining().toString()} bytes after the end of the value`;
    throw new TezosError('trailing_bytes', left, { offset: input.offset() });
  }
  return value;
}

/** The encodings of an object's fields; their order is the order on the wire. */
export type Fields<Value> = {
  readonly [Key in keyof Value]-?: Encoding<Exclude<Value[Key], undefined>>;
};

/** The encoding of an object; `names` are the fields that it may have. */
export type ObjectEncoding<Value> = Encoding<Value> & { readonly names: readonly string[] };

/** An object: its fields one after the other, in the order given. */
export function record<Value extends object>(fields: Fields<Value>): ObjectEncoding<Value> {
  const entries = Object.entries<Encoding<unknown>>(fields);
  const names = entries.map(([name]) => name);
  return {
    names,
    write: (out, value) => {
      const object = asObject(value, names);
      for (const [name, encoding] of entries) {
        const field = Object.hasOwn(object, name) ? object[name] : undefined;
        at(name, () => {
          if (field === undefined && encoding.optional !== true) {
            throw new TezosError('missing_field', 'this field is missing');
          }
          encoding.write(out, field);
        });
      }
    },
    read: input => {
      const object: Record<string, unknown> = {};
      for (const [name, encoding] of entries) {
        const field = at(name, () => encoding.read(input));
        if (field !== undefined) object[name] = field;
      }
      return object as Value;
    },
  };
}

/** One JSON object whose bytes are those of several objects, one after the other. */
export function joined<Value extends object>(
  parts: readonly ObjectEncoding<object>[],
): ObjectEncoding<Value> {
  const names = parts.flatMap(part => part.names);
  return {
    names,
    write: (out, value) => {
      const object = asObject(value, names);
      for (const part of parts) {
        const own = Object.entries(object).filter(([name]) => part.names.includes(name));
        part.write(out, Object.fromEntries(own));
      }
    },
    read: input => Object.assign({}, ...parts.map(part => part.read(input))) as Value,
  };
}

/** Elements until the window ends. */
export function list<Value>(element: Encoding<Value>): Encoding<readonly Value[]> {
  return {
    write: (out, value) => {
      for (const [index, item] of asArray(value).entries()) {
        at(`[${index.toString()}]`, () => {
          element.write(out, item);
        });
      }
    },
    read: input => {
      const values: Value[] = [];
      while (input.remaining() > 0) {
        values.push(at(`[${values.length.toString()}]`, () => element.read(input)));
      }
      return values;
    },
  };
}

/** A value behind its length in bytes, a uint32. */
export function dynamic<Value>(inner: Encoding<Value>): Encoding<Value> {
  return {
    write: (out, value) => {
      const bytes = encode(inner, value);
      out.putInteger(bytes.length, 4);
      out.put(bytes);
    },
    read: input => readWhole(inner, input.window(input.takeUint(4))),
  };
}

/** How an absent and a present value are told apart: two bytes. */
type Presence = { readonly absent: number; readonly present: number };

/** `opt` of a field: 00 or ff. */
const FIELD_PRESENCE: Presence = { absent: 0x00, present: 0xff };

/** A field that may be left out. */
export function optional<Value>(
  inner: Encoding<Value>,
  { absent, present } = FIELD_PRESENCE,
): Encoding<Value> {
  return {
    optional: true,
    write: (out, value) => {
      out.putInteger(value === undefined ? absent : present, 1);
      if (value !== undefined) inner.write(out, value);
    },
    // The record that holds this field takes undefined for "left out".
    read: input => {
      const offset = input.offset();
      const flag = input.takeUint(1);
      if (flag === present) return inner.read(input);
      if (flag === absent) return undefined as Value;
      throw new TezosError('unknown_kind', `${flag.toString()} is no presence byte`, { offset });
    },
  };
}

/** One case of a union of objects, told apart by `kind` in JSON and by a byte on the wire. */
export type Case = {
  readonly tag: number;
  readonly kind: string;
  readonly fields: Encoding<object>;
};

/** Objects of several kinds. */
export function union<Value extends { readonly kind: string }>(
  cases: readonly Case[],
): Encoding<Value> {
  const byTag = new Map(cases.map(each => [each.tag, each]));
  const byKind = new Map(cases.map(each => [each.kind, each]));
  return {
    write: (out, value) => {
      const { kind, ...fields } = asObject(value);
      const found = byKind.get(kind as string);
      if (found === undefined) {
        const reason = `${shown(kind)} is none of ${[...byKind.keys()].join(', ')}`;
        throw new TezosError(kind === undefined ? 'missing_field' : 'unknown_kind', reason, {
          path: 'kind',
        });
      }
      out.putInteger(found.tag, 1);
      found.fields.write(out, fields);
    },
    read: input => {
      const offset = input.offset();
      const tag = input.takeUint(1);
      const found = byTag.get(tag);
      if (found === undefined) {
        throw new TezosError('unknown_kind', `tag ${tag.toString()} is not known here`, { offset });
      }
      return { kind: found.kind, ...found.fields.read(input) } as unknown as Value;
    },
  };
}

/** Runs a step of reading or writing and puts `step` before the path of what it throws. */
function at<Value>(step: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    throw error instanceof TezosError ? error.within(step) : error;
  }
}

/** Refuses what is no object and, where `names` are given, a field with another name. */
function asObject(value: unknown, names?: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TezosError('bad_type', 'an object is expected here');
  }
  const unknown = names && Object.keys(value).find(name => !names.includes(name));
  if (unknown !== undefined) {
    throw new TezosError('unknown_field', 'no such field here', { path: clipped(unknown) });
  }
  return value as Record<string, unknown>;
}

function asArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TezosError('bad_type', 'a list is expected here');
  return value;
}
