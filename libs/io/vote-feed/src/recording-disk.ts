import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** How the files of recordings are named: by the time at which they begin, so that their names have their order. */
export const RECORDING_FILE = /^recording-[0-9A-Za-z.-]+\.ndjson$/;

/** A file that is written, from its start on. */
export type RecordingFile = {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** The folder of recordings; everything in it may fail. */
export type RecordingDisk = {
  readonly create: (name: string) => Promise<RecordingFile>;
  /** The recordings that are there, with their sizes, the oldest first. */
  readonly list: () => Promise<readonly { readonly name: string; readonly bytes: number }[]>;
  readonly remove: (name: string) => Promise<void>;
};

/** A folder on this machine; it is made where it is missing. */
export function recordingFolder(folder: string): RecordingDisk {
  return {
    create: async name => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await open(join(folder, name), 'wx', 0o600);
      return { write: bytes => file.appendFile(bytes), close: () => file.close() };
    },
    list: async () => {
      const names = (await readdir(folder)).filter(name => RECORDING_FILE.test(name)).sort();
      return Promise.all(
        names.map(async name => ({ name, bytes: (await stat(join(folder, name))).size })),
      );
    },
    remove: name => rm(join(folder, name), { force: true }),
  };
}
