/** What a chunk brought: whole lines without their newline, and whether the bound was passed after them. */
export type Lines = { readonly lines: readonly Uint8Array[]; readonly tooLong: boolean };

/** Cuts a stream of bytes into lines, however they are split over or merged in chunks. */
export type LineReader = {
  readonly read: (chunk: Uint8Array) => Lines;
  /** Bytes of a line that has begun and not ended. */
  readonly restBytes: () => number;
};

const NEWLINE = 0x0a;
const NOTHING = new Uint8Array();

/** @param lineBytesMax the longest line; no more than this is kept in memory */
export function lineReader(lineBytesMax: number): LineReader {
  let begun: Uint8Array = NOTHING;
  let length = 0;
  // Bytes are copied into one buffer: a list of chunks would cost far more than the bound when they are tiny.
  const keep = (bytes: Uint8Array): void => {
    if (length + bytes.length > begun.length) {
      const grown = Math.min(lineBytesMax, Math.max(2 * begun.length, length + bytes.length));
      const larger = new Uint8Array(grown);
      larger.set(begun.subarray(0, length));
      begun = larger;
    }
    begun.set(bytes, length);
    length += bytes.length;
  };
  const complete = (end: Uint8Array): Uint8Array => {
    if (length === 0) return end;
    keep(end);
    const line = begun.subarray(0, length);
    begun = NOTHING;
    length = 0;
    return line;
  };
  return {
    read: chunk => {
      const lines: Uint8Array[] = [];
      let from = 0;
      for (;;) {
        const newline = chunk.indexOf(NEWLINE, from);
        const piece = chunk.subarray(from, newline < 0 ? chunk.length : newline);
        if (length + piece.length > lineBytesMax) return { lines, tooLong: true };
        if (newline < 0) {
          if (piece.length > 0) keep(piece);
          return { lines, tooLong: false };
        }
        lines.push(complete(piece));
        from = newline + 1;
      }
    },
    restBytes: () => length,
  };
}
