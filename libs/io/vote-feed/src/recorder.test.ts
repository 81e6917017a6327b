import type { Verifier } from '@meridian/chain-view';
import { duration, instant, manualClock } from '@meridian/prelude';
import type { ChainId } from '@meridian/tezos';
import { newLine, stepLine, type LineEvent } from '@meridian/vote-line';
import { NEW_REPLAY, replayLine, type Replay } from '@meridian/vote-line/recording';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openRecorder } from './recorder.ts';
import { recordingFolder, type RecordingDisk } from './recording-disk.ts';

/* A line hears words of nodes, and disks are as bad as a test says. */

const VERIFIER: Verifier = { verify: () => true, verifyAggregate: () => true };
const view = { chainId: 'NetXdQprcVkpaWU' as ChainId, keys: new Set<never>(), quorum: 1 };
const options = { view, voter: { sign: 'at_prequorum' } } as const;
const folders: string[] = [];

afterEach(() => {
  vi.useRealTimers();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-recordings-'));
  folders.push(folder);
  return folder;
}

type Limits = { readonly bytesMax?: number; readonly pendingBytesMax?: number };

/** A recorder whose line hears rubbish of some length whenever a test says so. */
function recorderOn(disk: RecordingDisk, limits: Limits = {}) {
  const clock = manualClock(instant(1_800_000_000_000));
  const told: string[] = [];
  const recorder = openRecorder({
    ...{ options, disk, clock: clock.now, bytesMax: 2 ** 20, ...limits },
    begun: () => told.push('begun'),
    lost: (why, isFirst) => told.push(`lost${isFirst ? ' first' : ''}: ${why}`),
  });
  let line = newLine(view, options.voter);
  const hear = (length: number): void => {
    const items = ['x'.repeat(length)];
    const event: LineEvent = { kind: 'operations', at: clock.now(), node: 'node1', items };
    const [next, effects] = stepLine(line, VERIFIER, event);
    line = next;
    recorder.note(event, effects, line);
  };
  return { told, hear, pass: (ms: number) => clock.advance(duration(ms)), close: recorder.close };
}

/** How many events of a file replay, and without any difference. */
function eventsIn(text: string): number {
  let replay: Replay = NEW_REPLAY;
  for (const line of text.trimEnd().split('\n')) {
    const next = replayLine(replay, VERIFIER, line);
    if (!next.ok) throw new Error(next.error);
    expect(next.value[1].difference).toBeUndefined();
    [replay] = next.value;
  }
  return replay.kind === 'events' ? replay.events : 0;
}

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder)
    .sort()
    .map(name => join(folder, name));

/** A disk in memory; `trouble` says what becomes of each write. */
function diskWith(trouble: () => Promise<void>) {
  const texts: string[] = [];
  const disk: RecordingDisk = {
    create: () => {
      const at = texts.push('') - 1;
      return Promise.resolve({
        write: async bytes => {
          await trouble();
          texts[at] = `${texts[at] ?? ''}${Buffer.from(bytes).toString()}`;
        },
        close: () => Promise.resolve(),
      });
    },
    list: () => Promise.resolve([]),
    remove: () => Promise.resolve(),
  };
  return { texts, disk };
}

describe('recordings in a folder', () => {
  test('follow one another by size, each of them replays by itself, and the oldest go', async () => {
    const folder = join(newFolder(), 'made', 'here');
    const bytesMax = 40_000;
    const { hear, close, told } = recorderOn(recordingFolder(folder), { bytesMax });
    for (let events = 0; events < 100; events += 1) hear(1_000);
    await close();
    const files = filesOf(folder);
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    expect(bytes).toBeLessThanOrEqual(bytesMax);
    expect(bytes).toBeGreaterThan(bytesMax / 2);
    expect(told.length).toBeGreaterThan(files.length);
    const events = files.map(file => eventsIn(readFileSync(file, 'utf8')));
    expect(events.slice(0, -1).every(count => count > 5)).toBe(true);
    const [known] = readFileSync(files.at(-1)!, 'utf8').split('{"fields"');
    expect(known).toContain('"field":"view.nodes","holds":["node1"');
    for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('leave other files of the folder alone', async () => {
    const folder = newFolder();
    const disk = recordingFolder(folder);
    const other = await disk.create('notes.txt');
    await other.write(Buffer.alloc(100_000));
    await other.close();
    const { hear, close } = recorderOn(disk, { bytesMax: 20_000 });
    for (let events = 0; events < 50; events += 1) hear(1_000);
    await close();
    expect(readdirSync(folder)).toContain('notes.txt');
  });
});

describe('a disk', () => {
  test('that is full costs the recording and one warning; it is begun anew when there is room', async () => {
    vi.useFakeTimers();
    const flushed = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1_000);
    let isFull = false;
    const { texts, disk } = diskWith(() =>
      isFull ? Promise.reject(new Error('ENOSPC')) : Promise.resolve(),
    );
    const { hear, pass, told } = recorderOn(disk);
    hear(10);
    await flushed();
    isFull = true;
    hear(10);
    await flushed();
    expect(told).toEqual(['begun', 'lost first: ENOSPC']);
    // It is not tried again at once.
    hear(10);
    await flushed();
    pass(60_000);
    hear(10);
    await flushed();
    expect(told.slice(2)).toEqual(['lost: ENOSPC']);
    pass(60_000);
    isFull = false;
    hear(10);
    hear(10);
    await flushed();
    expect(told.slice(3)).toEqual(['begun']);
    expect(texts.filter(text => text !== '').map(eventsIn)).toEqual([1, 1]);
  });

  test('that hangs makes nobody wait, and bounds what waits for it', async () => {
    const hung = Promise.withResolvers<undefined>();
    const { texts, disk } = diskWith(() => hung.promise);
    const { hear, pass, close, told } = recorderOn(disk, { pendingBytesMax: 10_000 });
    for (let events = 0; events < 100; events += 1) hear(1_000);
    expect(told).toEqual(['lost first: the disk is too slow']);
    pass(60_000);
    hear(10);
    hear(10);
    hung.resolve(undefined);
    await close();
    expect(told.at(-1)).toBe('begun');
    expect(eventsIn(texts.at(-1)!)).toBe(1);
  });

  test('that has no such folder costs the recording alone', async () => {
    const { hear, close, told } = recorderOn(recordingFolder('/dev/null/recordings'));
    hear(10);
    await close();
    expect(told).toEqual([expect.stringMatching(/^lost first: ENOTDIR/)]);
  });
});
