import { createHash } from 'node:crypto';

/*
 * Sees every signature that a key makes and remembers what was signed where. It reads the bytes by their places, as
 * protocol.md 3 has them, and by no code of the watermark or of the forge: who watches does not share the mistakes of
 * the watched.
 */

/** Watermark 1, chain 4, branch 32, then the operation: tag 1, (slot 2,) level 4, round 4, payload hash 32. */
const KIND_AT = 0;
const OPERATION_AT = 37;
const WITH_SLOT = new Set([20, 21, 23]);
const KINDS: Readonly<Record<number, string>> = { 0x12: 'preattestation', 0x13: 'attestation' };

/** What was signed, and where. */
export type Recorded = { readonly kind: string; readonly level: number; readonly round: number };

/** All that was ever signed, by place. */
export type Recorder = {
  /**
   * Notes a signature.
   * @returns what is broken: another digest was signed at the same place; undefined when all is well
   */
  readonly note: (key: string, bytes: Uint8Array) => string | undefined;
  readonly places: () => number;
};

/** A recorder that has seen nothing. */
export function newRecorder(): Recorder {
  const digests = new Map<string, string>();
  return {
    note: (key, bytes) => {
      const { kind, level, round } = placeIn(bytes);
      const place = `${key} ${kind} ${level.toString()}/${round.toString()}`;
      const digest = createHash('sha256').update(bytes).digest('hex');
      const before = digests.get(place);
      digests.set(place, before ?? digest);
      return before === undefined || before === digest ? undefined : `signed twice: ${place}`;
    },
    places: () => digests.size,
  };
}

/** Where a vote stands, from the bytes that are signed. */
export function placeIn(bytes: Uint8Array): Recorded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = OPERATION_AT + 1 + (WITH_SLOT.has(view.getUint8(OPERATION_AT)) ? 2 : 0);
  const kind = KINDS[view.getUint8(KIND_AT)] ?? 'unknown';
  return { kind, level: view.getInt32(at), round: view.getInt32(at + 4) };
}
