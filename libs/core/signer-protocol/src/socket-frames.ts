/** Bytes of a frame's content; two bytes tell its length. Source: src/lib_base/unix/socket.ml. */
const FRAME_BYTES_MAX = 0xffff;

const LENGTH_BYTES = 2;

/**
 * A message with its length before it.
 * @throws RangeError when it is too long for a frame
 */
export function frame(payload: Uint8Array): Uint8Array {
  if (payload.length > FRAME_BYTES_MAX) throw new RangeError('a message is longer than a frame');
  return Uint8Array.from([payload.length >> 8, payload.length & 0xff, ...payload]);
}

/** What came on a connection and was not taken yet; it holds one frame and the bytes that came with its end. */
export type FrameBuffer = {
  readonly add: (bytes: Uint8Array) => void;
  /** The content of the next frame; undefined until all of it came. */
  readonly next: () => Uint8Array | undefined;
};

/** Cuts the bytes of a connection, as they come, into messages. */
export function frameBuffer(): FrameBuffer {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let needed = LENGTH_BYTES;
  return {
    add: bytes => {
      pieces.push(bytes);
      held += bytes.length;
    },
    next: () => {
      // Joined when there is enough, not with every piece: else a frame in single bytes costs the square of its length.
      while (held >= needed) {
        const bytes = joined(pieces, held);
        const end = LENGTH_BYTES + (bytes[0] ?? 0) * 0x100 + (bytes[1] ?? 0);
        const isWhole = held >= end;
        needed = isWhole ? LENGTH_BYTES : end;
        pieces = [isWhole ? bytes.subarray(end) : bytes];
        if (!isWhole) return undefined;
        held -= end;
        return bytes.subarray(LENGTH_BYTES, end);
      }
      return undefined;
    },
  };
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
