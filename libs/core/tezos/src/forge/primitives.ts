import { fromBase58, toBase58 } from '../base58.ts';
import type { Base58Kind, Base58Text } from '../base58-kinds.ts';
import { TezosError } from '../errors.ts';
import { fromHex, toHex } from '../hex.ts';
import { level, round, slot, whole, type Level, type Round, type Slot } from '../numbers.ts';
import type { Encoding } from './encoding.ts';
import { timestampOfSeconds, secondsOfTimestamp } from './timestamp.ts';

/** A DAL bitset has at most 5 lags × 23 chunks × 8 bits and 5 more; twice that, then no more work. */
const NATURAL_BYTES_MAX = 256;
/** The decimal digits of a number of {@link NATURAL_BYTES_MAX} bytes. */
const DECIMAL_DIGITS_MAX = 540;

/** A hash or identifier: its bytes on the wire, base58check in JSON. */
export function base58<Kind extends Base58Kind>(
  kind: Kind,
  dataLength: number,
): Encoding<Base58Text<Kind>> {
  return {
    write: (out, value) => {
      out.put(fromBase58(kind, value));
    },
    read: input => toBase58(kind, input.take(dataLength)),
  };
}

export const blockHash = base58('blockHash', 32);
export const contextHash = base58('contextHash', 32);
export const nonceHash = base58('nonceHash', 32);
export const operationListListHash = base58('operationListListHash', 32);
export const payloadHash = base58('payloadHash', 32);

export const uint8: Encoding<number> = {
  write: (out, value) => {
    out.putInteger(whole('a byte', value, 255), 1);
  },
  read: input => input.takeUint(1),
};

/** A level, round or another number that an int32 carries and that is not negative. */
function int31<Value extends number>(make: (value: unknown) => Value): Encoding<Value> {
  return {
    write: (out, value) => {
      out.putInteger(make(value), 4);
    },
    read: input => {
      const offset = input.offset();
      return placed(offset, () => make(input.takeInt32()));
    },
  };
}

export const levelEncoding: Encoding<Level> = int31(level);
export const roundEncoding: Encoding<Round> = int31(round);

export const slotEncoding: Encoding<Slot> = {
  write: (out, value) => {
    out.putInteger(slot(value), 2);
  },
  read: input => input.takeUint(2) as Slot,
};

/** A block's time: int64 seconds on the wire, RFC 3339 in JSON. */
export const timestamp: Encoding<string> = {
  write: (out, value) => {
    out.putInt64(secondsOfTimestamp(text(value)));
  },
  read: input => timestampOfSeconds(input.takeInt64()),
};

/** Bytes of a fixed length, hexadecimal in JSON. */
export function fixedHex(length: number): Encoding<string> {
  return {
    write: (out, value) => {
      const bytes = fromHex(text(value));
      if (bytes.length !== length) {
        throw new TezosError('out_of_range', `${length.toString()} bytes of hexadecimal expected`);
      }
      out.put(bytes);
    },
    read: input => toHex(input.take(length)),
  };
}

/** Bytes until the window ends, hexadecimal in JSON. */
export const restHex: Encoding<string> = {
  write: (out, value) => {
    out.put(fromHex(text(value)));
  },
  read: input => toHex(input.take(input.remaining())),
};

/** The byte 00 or ff. */
export const bool: Encoding<boolean> = {
  write: (out, value) => {
    if (typeof value !== 'boolean') throw new TezosError('bad_type', 'true or false is expected');
    out.putInteger(value ? 0xff : 0, 1);
  },
  read: input => {
    const offset = input.offset();
    const byte = input.takeUint(1);
    if (byte === 0xff || byte === 0) return byte === 0xff;
    throw new TezosError('unknown_kind', `${byte.toString()} is no boolean byte`, { offset });
  },
};

/**
 * A number of any size that is not negative, in the protocol's signed encoding: the first byte has a
 * continuation bit, a sign bit and six bits, later bytes a continuation bit and seven, lowest first.
 * JSON is the decimal text. Only the shortest form is read.
 */
export const natural: Encoding<string> = {
  write: (out, value) => {
    const number = decimal(value);
    const groups = [Number(number & 63n)];
    for (let rest = number >> 6n; rest > 0n; rest >>= 7n) groups.push(Number(rest & 127n));
    const last = groups.length - 1;
    const bytes = groups.map((group, at) => (at < last ? group | 0x80 : group));
    if (bytes.length > NATURAL_BYTES_MAX) throw tooLarge(undefined);
    out.put(bytes);
  },
  read: input => {
    const offset = input.offset();
    let byte = input.takeUint(1);
    if ((byte & 0x40) !== 0) throw new TezosError('out_of_range', 'a negative number', { offset });
    let value = BigInt(byte & 63);
    for (let shift = 6n; (byte & 0x80) !== 0; shift += 7n) {
      byte = input.takeUint(1);
      if (byte === 0)
        throw new TezosError('not_canonical', 'a number with leading zeros', { offset });
      if (input.offset() - offset > NATURAL_BYTES_MAX) throw tooLarge(offset);
      value |= BigInt(byte & 127) << shift;
    }
    return value.toString();
  },
};

function tooLarge(offset: number | undefined): TezosError {
  const bound = `a number of more than ${NATURAL_BYTES_MAX.toString()} bytes`;
  return new TezosError('out_of_range', bound, { offset });
}

/**
 * The number of a decimal text as nodes print it: no sign, no leading zeros.
 * @throws TezosError `bad_type`, `bad_text`
 */
export function decimal(value: unknown): bigint {
  const digits = text(value);
  if (digits.length > DECIMAL_DIGITS_MAX || !/^(0|[1-9][0-9]*)$/.test(digits)) {
    throw new TezosError('bad_text', `${JSON.stringify(digits.slice(0, 40))} is no decimal number`);
  }
  return BigInt(digits);
}

/** @throws TezosError `bad_type` */
function text(value: unknown): string {
  if (typeof value !== 'string') throw new TezosError('bad_type', 'a text is expected here');
  return value;
}

/** Adds the offset of the value to an error that knew only the value. */
function placed<Value>(offset: number, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TezosError) || error.offset !== undefined) throw error;
    throw new TezosError(error.code, error.reason, { offset, path: error.path });
  }
}
