import { instant, type Clock } from '@meridian/prelude';
import { newLine } from '@meridian/vote-line';
import type { LineEffect, LineEvent, LineState } from '@meridian/vote-line';
import { eventLine, headerLine, stateLines } from '@meridian/vote-line/recording';
import type { RecordedOptions } from '@meridian/vote-line/recording';
import type { RecordingDisk, RecordingFile } from './recording-disk.ts';

/** Bytes of a recording after which the next one begins. */
const FILE_BYTES_MAX = 64 * 2 ** 20;
/** The least number of recordings that all of them are divided into, so that the oldest is a small part. */
const FILES_MIN = 4;
/** Bytes that wait for the disk; a disk that is further behind is too slow. */
const PENDING_BYTES_MAX = 32 * 2 ** 20;
/** Bytes that are made and written at once: making them takes well under a millisecond. */
const CHUNK_BYTES = 64 * 2 ** 10;
/** How long lines are gathered before they are written. */
const GATHER_MS = 100;
/** After this time a recording that was given up is begun anew. */
const AGAIN_MS = 60_000;

/** What a recorder is made of. */
export type RecorderParts = {
  readonly options: RecordedOptions;
  readonly disk: RecordingDisk;
  readonly clock: Clock;
  /** Bytes that all recordings may take together; the oldest go first. */
  readonly bytesMax: number;
  readonly pendingBytesMax?: number;
  /** A recording is on the disk and goes on. */
  readonly begun: (name: string) => void;
  /** A recording was given up; the first time in a row is worth a warning. */
  readonly lost: (why: string, isFirst: boolean) => void;
};

/** Records what a line hears. */
export type Recorder = {
  /** Notes an event whose effects were carried out; `state` is what the line knows after it. Never fails or waits. */
  readonly note: (event: LineEvent, effects: readonly LineEffect[], state: LineState) => void;
  /** Writes what is left. Never rejects. */
  readonly close: () => Promise<void>;
};

/** What waits for the disk: the next recording, or bytes of the one that was begun last. */
type Waiting =
  | { readonly kind: 'begin'; readonly name: string; readonly state: LineState }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/**
 * Records every event of a line that has heard nothing yet. A disk that is full or too slow costs the recording, and
 * nothing else: it is begun anew a minute later, with all that the line knows then.
 */
export function openRecorder(parts: RecorderParts): Recorder {
  const { options, clock, bytesMax, pendingBytesMax = PENDING_BYTES_MAX } = parts;
  const fileBytesMax = Math.min(FILE_BYTES_MAX, bytesMax / FILES_MIN);
  /** The recording that events belong to; undefined where it was given up. */
  let current: { bytes: number; events: number } | undefined;
  let [begunFiles, againAt, losses] = [0, instant(0), 0];

  const lose = (why: string): void => {
    current = undefined;
    againAt = instant(clock() + AGAIN_MS);
    losses += 1;
    parts.lost(why, losses === 1);
  };
  const writer = writerOf(parts, bytesMax - fileBytesMax, name => {
    losses = 0;
    parts.begun(name);
  });
  const outbox = outboxTo(writer, lose);
  const begin = (state: LineState): void => {
    begunFiles += 1;
    current = { bytes: 0, events: 0 };
    outbox.push({ kind: 'begin', name: nameOf(clock(), begunFiles), state });
  };
  begin(newLine(options.view, options.voter));
  return {
    note: (event, effects, state) => {
      if (current === undefined) {
        if (clock() >= againAt) begin(state);
        return;
      }
      current.events += 1;
      const bytes = Buffer.from(`${eventLine(current.events, event, effects)}\n`);
      if (outbox.bytes() + bytes.length > pendingBytesMax) {
        outbox.clear();
        lose('the disk is too slow');
        return;
      }
      outbox.push({ kind: 'bytes', bytes });
      current.bytes += bytes.length;
      if (current.bytes >= fileBytesMax) begin(state);
    },
    close: async () => {
      await outbox.flush();
      await writer.close();
    },
  };
}

/** Writes what waits in its order. Where that fails, all that waits is dropped and `failed` is told why. */
function outboxTo(writer: Writer, failed: (why: string) => void) {
  let queue: Waiting[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const clear = (): void => {
    [queue, waitingBytes] = [[], 0];
  };
  const writeAll = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        if (next.kind === 'begin') await writer.begin(next);
        else {
          const bytes = Buffer.concat([next.bytes, ...takeBytes(queue)]);
          await writer.bytes(bytes);
          // They may have been dropped meanwhile.
          waitingBytes = Math.max(0, waitingBytes - bytes.length);
        }
      } catch (error) {
        await writer.close();
        clear();
        failed(error instanceof Error ? error.message : String(error));
      }
    }
  };
  const write = (): Promise<void> =>
    (writing ??= writeAll().finally(() => {
      writing = undefined;
    }));
  return {
    push: (item: Waiting): void => {
      queue.push(item);
      if (item.kind === 'bytes') waitingBytes += item.bytes.length;
      timer ??= setTimeout(() => {
        timer = undefined;
        void write();
      }, GATHER_MS).unref();
    },
    bytes: () => waitingBytes,
    clear,
    flush: async (): Promise<void> => {
      clearTimeout(timer);
      // What is under way takes what came meanwhile, too.
      await write();
    },
  };
}

/** The bytes that wait next to one another, as many as are written at once. */
function takeBytes(queue: Waiting[]): readonly Uint8Array[] {
  const taken: Uint8Array[] = [];
  for (let length = 0; length < CHUNK_BYTES; length += taken.at(-1)?.length ?? 0) {
    const [next] = queue;
    if (next?.kind !== 'bytes') break;
    taken.push(next.bytes);
    queue.shift();
  }
  return taken;
}

/** The one file that is open, and what is written to it. */
type Writer = {
  readonly begin: (recording: Extract<Waiting, { readonly kind: 'begin' }>) => Promise<void>;
  readonly bytes: (bytes: Uint8Array) => Promise<void>;
  /** Never rejects. */
  readonly close: () => Promise<void>;
};

/** @param othersBytesMax bytes that are left to the recordings before the one that begins */
function writerOf(
  { options, disk }: RecorderParts,
  othersBytesMax: number,
  begun: (name: string) => void,
): Writer {
  let file: RecordingFile | undefined;
  const close = async (): Promise<void> => {
    const last = file;
    file = undefined;
    await last?.close().catch(() => undefined);
  };
  return {
    begin: async ({ name, state }) => {
      await close();
      await makeRoom(disk, othersBytesMax);
      file = await disk.create(name);
      for (const chunk of chunksOf(options, state)) await file.write(chunk);
      begun(name);
    },
    bytes: async bytes => file?.write(bytes),
    close,
  };
}

/** Removes the oldest recordings until all of them take no more than so many bytes. */
async function makeRoom(disk: RecordingDisk, bytesMax: number): Promise<void> {
  const files = await disk.list().catch(() => []);
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  for (const { name, bytes: freed } of files) {
    if (bytes <= bytesMax) return;
    await disk.remove(name);
    bytes -= freed;
  }
}

/** What a recording begins with. It is made a bit at a time: all that a line knows are megabytes. */
function* chunksOf(options: RecordedOptions, state: LineState): Generator<Uint8Array, void> {
  let text = `${headerLine(options)}\n`;
  for (const line of stateLines(state)) {
    text += `${line}\n`;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

/** `recording-20261201T031508.123Z-1.ndjson`; names of one process differ by their last number. */
function nameOf(at: number, count: number): string {
  const time = new Date(at).toISOString().replaceAll(/[-:]/g, '');
  return `recording-${time}-${count.toString().padStart(6, '0')}.ndjson`;
}
