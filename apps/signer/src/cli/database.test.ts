import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { runAdministration } from '../cli.ts';

/** A real database is made ready, and what cannot be is told in a line. */
const START_MS = 60_000;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(text: string, mode = 0o600): string {
  const path = join(folder, 'url');
  writeFileSync(path, text, { mode });
  return path;
}

async function run(...args: readonly string[]) {
  const [output, notes]: [string[], string[]] = [[], []];
  const terminal = {
    print: (line: string) => void output.push(line),
    note: (line: string) => void notes.push(line),
  };
  const status = await runAdministration(['database', 'migrate', ...args], terminal);
  return { status, output, notes };
}

test('what is no address of a database is told without repeating it', async () => {
  expect(await run()).toMatchObject({ status: 2 });
  expect(await run('--url-file', join(folder, 'none'))).toMatchObject({ status: 2 });
  const exposed = await run('--url-file', fileWith('postgresql://u:secret@h/d', 0o644));
  expect(exposed.status).toBe(2);
  expect(exposed.notes.join()).toMatch(/read by others/);
  rmSync(join(folder, 'url'));
  const wrong = await run('--url-file', fileWith('mysql://user:secret@host/'));
  expect(wrong.status).toBe(1);
  expect(wrong.notes.join()).toMatch(/^meridian-signer: [a-z_]+: /);
  expect(wrong.notes.join()).not.toContain('secret');
});

describeWithPostgres('a database', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, START_MS);
  afterAll(() => postgres.close(), START_MS);

  test(
    'is given its tables and an identity, and keeps both when it is done again',
    async () => {
      const file = fileWith(await postgres.freshDatabase());
      const first = await run('--url-file', file, '--json');
      expect(first).toEqual({ status: 0, notes: [], output: [expect.any(String)] });
      const told = JSON.parse(first.output.join('')) as { schema: number; cluster: string };
      expect(told).toMatchObject({ schema: 2, engine: 'postgresql' });
      expect(told.cluster).toMatch(/^[0-9a-f-]{36}$/);
      const again = await run('--url-file', file);
      expect(again).toMatchObject({
        status: 0,
        output: ['schema 2 on postgresql', `cluster ${told.cluster}`],
      });
    },
    START_MS,
  );
});
