/** One connection as a protocol sees it: what it may do with the two ends. */
export type Ends = {
  readonly toClient: (bytes: Uint8Array) => void;
  readonly toServer: (bytes: Uint8Array) => void;
  /** Resets both, at once. */
  readonly cut: () => void;
  /** Closes both after what was written. */
  readonly finish: () => void;
};

/** A protocol between the ends: it passes on what it is given, or does not. */
export type Wire = {
  readonly fromClient: (bytes: Buffer) => void;
  readonly fromServer: (bytes: Buffer) => void;
};

/**
 * Bytes without a meaning. A request begins with the first bytes after an answer; where `swallows` says so for one, the
 * connection is cut in the place of its answer.
 */
export function plainWire(ends: Ends, swallows: () => boolean): Wire {
  let [asked, swallowed] = [false, false];
  return {
    fromClient: bytes => {
      if (!asked) [asked, swallowed] = [true, swallows()];
      ends.toServer(bytes);
    },
    fromServer: bytes => {
      if (swallowed) {
        ends.cut();
        return;
      }
      asked = false;
      ends.toClient(bytes);
    },
  };
}
