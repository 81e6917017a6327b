import { TezosError } from '../errors.ts';

/** Where a value's bytes are written, one after the other. */
export type ByteWriter = {
  readonly put: (bytes: ArrayLike<number>) => void;
  /** A big-endian whole number of `width` bytes; negative numbers in two's complement. */
  readonly putInteger: (value: number, width: 1 | 2 | 4) => void;
  readonly putInt64: (value: bigint) => void;
  /** All that was written so far. */
  readonly bytes: () => Uint8Array;
};

/** Large enough for a signed vote, so that the common case allocates once. */
const FIRST_CAPACITY = 256;

export function byteWriter(): ByteWriter {
  let buffer = new Uint8Array(FIRST_CAPACITY);
  let view = new DataView(buffer.buffer);
  let length = 0;
  const reserve = (count: number): number => {
    const at = length;
    length += count;
    if (length > buffer.length) {
      const larger = new Uint8Array(Math.max(length, 2 * buffer.length));
      larger.set(buffer);
      buffer = larger;
      view = new DataView(larger.buffer);
    }
    return at;
  };
  return {
    put: bytes => {
      const at = reserve(bytes.length);
      buffer.set(bytes, at);
    },
    putInteger: (value, width) => {
      const at = reserve(width);
      if (width === 4) view.setInt32(at, value);
      else if (width === 2) view.setInt16(at, value);
      else view.setInt8(at, value);
    },
    putInt64: value => {
      const at = reserve(8);
      view.setBigInt64(at, value);
    },
    bytes: () => buffer.slice(0, length),
  };
}

/** A window on bytes that are read from front to back; no read goes past its end. */
export type ByteReader = {
  /** Bytes read so far, counted from the start of the outermost value. */
  readonly offset: () => number;
  readonly remaining: () => number;
  /** The byte `ahead` of the next one, without reading it; undefined past the end. */
  readonly peek: (ahead: number) => number | undefined;
  readonly take: (count: number) => Uint8Array;
  readonly takeUint: (width: 1 | 2 | 4) => number;
  readonly takeInt32: () => number;
  readonly takeInt64: () => bigint;
  /** A reader of the next `count` bytes, which this one skips. */
  readonly window: (count: number) => ByteReader;
};

export function byteReader(bytes: Uint8Array, start = 0, end = bytes.length): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  const skip = (count: number): number => {
    if (count > end - at) {
      const missing = `${count.toString()} bytes expected, ${(end - at).toString()} left`;
      throw new TezosError('truncated', missing, { offset: at });
    }
    at += count;
    return at - count;
  };
  return {
    offset: () => at,
    remaining: () => end - at,
    peek: ahead => (at + ahead < end ? bytes[at + ahead] : undefined),
    take: count => {
      const from = skip(count);
      return bytes.slice(from, at);
    },
    takeUint: width => {
      const from = skip(width);
      if (width === 4) return view.getUint32(from);
      return width === 2 ? view.getUint16(from) : view.getUint8(from);
    },
    takeInt32: () => view.getInt32(skip(4)),
    takeInt64: () => view.getBigInt64(skip(8)),
    window: count => {
      const from = skip(count);
      return byteReader(bytes, from, at);
    },
  };
}
