import type { ChainId } from '@meridian/tezos';
import { instant } from '@meridian/prelude';
import { newLine } from '@meridian/vote-line';
import { eventLine, headerLine, stateLines } from '@meridian/vote-line/recording';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lastJson, run } from '../cli.fixtures.ts';

/* The command over recordings in which nothing happened; test/lab/recording.test.ts has some with votes. */

const view = { chainId: 'NetXdQprcVkpaWU' as ChainId, keys: new Set<never>(), quorum: 1 };
const voter = { sign: 'at_prequorum' } as const;
const tick = (n: number): string =>
  eventLine(n, { kind: 'tick', at: instant(1_800_000_000_000 + n) }, []);
const LINES = [headerLine({ view, voter }), ...stateLines(newLine(view, voter)), tick(1), tick(2)];
const LAST = LINES.length;
const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meridian-recordings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string, name = 'recording-1.ndjson'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('replay-recording', () => {
  test('replays all files of a folder, and tells which of them was cut off', async () => {
    const whole = write(textOf(LINES), 'recording-2.ndjson');
    const cut = write(textOf(LINES).slice(0, -9));
    const ran = await run(['replay-recording', folder, '--json']);
    expect(ran.status).toBe(0);
    expect(lastJson(ran)).toEqual({
      files: [
        { file: cut, events: 1, isCut: true },
        { file: whole, events: 2, isCut: false },
      ],
      ...{ votes: [], abstentions: [], difference: null },
    });
    const { output } = await run(['replay-recording', cut]);
    expect(output.join('\n')).toMatch(/the last line has no end/);
  });

  test('names the file, the line and both sides of the first difference, and exits with 1', async () => {
    const lines = LINES.with(-1, tick(2).replace('}}', '},"inject":["ab"]}'));
    const file = write(textOf(lines));
    const ran = await run(['replay-recording', file, '--json']);
    expect(ran.status).toBe(1);
    expect(lastJson(ran)['difference']).toEqual({
      ...{ file, line: LAST, what: 'injected', recorded: '["ab"]', replayed: '[]' },
    });
    const { output } = await run(['replay-recording', file]);
    expect(output.join('\n')).toContain(`line ${LAST.toString()} differs in what was injected`);
  });

  test('names the file and the line of what is no recording', async () => {
    const file = write(textOf(LINES.with(-1, 'rubbish')));
    const { status, notes } = await run(['replay-recording', file]);
    expect(status).toBe(1);
    expect(notes.join('\n')).toContain(`${file}, line ${LAST.toString()}: this is not JSON`);
  });

  test.each([
    ['an empty file', (): string => write(''), /the file is empty/],
    ['a folder without recordings', (): string => folder, /no recording is in this folder/],
    ['nothing', (): string => join(folder, 'moon'), /cannot read .*moon/],
  ])('says what is wrong with %s', async (_name, path, why) => {
    const { status, notes } = await run(['replay-recording', path()]);
    expect(status).toBe(1);
    expect(notes.join('\n')).toMatch(why);
  });
});
