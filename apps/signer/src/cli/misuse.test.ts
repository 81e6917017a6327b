import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ACTIONS } from '../admin/actions.ts';
import { evidence, openOffice, type Office } from '../admin/fixtures.ts';
import { adminHttp, serveAdmin, type AdminSocket } from '../admin/server.ts';
import { runAdministration } from '../cli.ts';
import { BAKER } from '../fixtures.ts';
import { COMMANDS } from './commands.ts';
import { run, type Run } from './fixtures.ts';
import { PAPERS } from './statements.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

/** A node that does not listen. */
const NOBODY = 'http://127.0.0.1:1';

let office: Office;
let socket: AdminSocket;
let reached: readonly string[];
beforeEach(async () => {
  office = openOffice();
  const path = join(office.folder, 'admin.sock');
  socket = await serveAdmin(
    adminHttp(office.desk, () => undefined),
    path,
  );
  reached = ['--socket', path];
});
afterEach(async () => {
  await socket.close();
  await office.close();
});

const watermark = (...args: readonly string[]): Promise<Run> =>
  run('watermark', ...args, ...reached);

const NONSENSE: readonly (readonly string[])[] = [
  ['--wrong'],
  ['--level'],
  ['one', 'two', 'three'],
  ['--kind', 'endorsement', '--level', '1', '--epoch', '1', '--node', NOBODY],
  ['--level', '-1'],
  ['--level', '1e3', '--node', NOBODY],
  ['--node', 'ftp://x', '--level', '1', '--epoch', '1'],
  ['--key', 'nobody', '--level', '1', '--epoch', '1', '--node', NOBODY],
];

test.each(COMMANDS.map(({ action }) => action))(
  '%s takes no nonsense, and says so without a stack',
  async action => {
    for (const nonsense of NONSENSE) {
      const { status, output, notes } = await watermark(action, ...nonsense);
      expect({ action, nonsense, status, isKnown: [1, 2].includes(status) }).toMatchObject({
        isKnown: true,
      });
      expect([...output, ...notes].join('\n')).not.toMatch(/ at .*\.ts:\d/);
    }
    expect(await office.rows()).toEqual([]);
  },
);

test('a command line that is wrong is told apart from what is refused', async () => {
  const wrong: readonly (readonly string[])[] = [
    ['watermark'],
    ['watermark', 'nothing'],
    ['watermark', 'show'],
    ['watermark', 'show', '--config', '/nonexistent'],
    ['watermark', 'raise', '--all', ...reached],
    ['watermark', 'raise', '--all', '--round', '1', ...reached],
    ['watermark', 'init', ...reached],
    ['watermark', 'init', '--first-use', '--all', '--node', NOBODY, ...reached],
    ['watermark', 'init', '--first-use', '--by', 'ann', '--node', NOBODY, ...reached],
    ['watermark', 'init', '--all', '--key', BAKER.pkh, '--node', NOBODY, ...reached],
    ['watermark', 'init', '--node', NOBODY, '--node', NOBODY, ...reached],
    ['watermark', 'init', '--node', NOBODY, '--quorum', '2', ...reached],
    ['watermark', 'import', ...reached],
    ['watermark', 'import', '/nonexistent', ...reached],
    ['watermark', 'import', '--octez', '/nonexistent', ...reached],
    ['watermark', 'import', '--octez', '/a', '--signatory', '/b', ...reached],
    ['watermark', 'import', '--octez-baker', '/a', ...reached],
    ['watermark', 'adopt', '--all', ...reached],
    ['watermark', 'latch', '--all', '--by', 'a b', ...reached],
    ['audit', 'verify'],
  ];
  for (const args of wrong)
    expect({ args, status: (await run(...args)).status }).toEqual({ args, status: 2 });
  const gone = await run('watermark', 'show', '--socket', join(office.folder, 'gone'));
  expect(gone).toMatchObject({ status: 1 });
  expect(gone.notes.join()).toContain('does the signer run');
  const asJson = await run('watermark', 'show', '--json', '--socket', join(office.folder, 'gone'));
  expect(JSON.parse(asJson.output.at(-1) ?? '')).toMatchObject({ error: { code: 'unreachable' } });
});

test.each<readonly string[]>([
  ['raise', '--level', '90'],
  ['adopt', '--epoch', '0'],
  ['latch', '--by', 'ann'],
  ['release', '--level', '90', '--node', NOBODY],
  ['statement', '--epoch', '2', '--level', '40', '--expires', '40', '--reason', 'a drill'],
])('%s is about keys that are named, or about all by that word', async (...words) => {
  await office.ask('init', { evidence: evidence() });
  const before = await office.rows();
  for (const choice of [[], ['--all', '--key', BAKER.pkh]]) {
    const { status, notes } = await watermark(...words, ...choice);
    expect({ status, notes }).toEqual({
      status: 2,
      notes: [expect.stringMatching(/either --key ADDRESS .* or --all is expected$/)],
    });
  }
  expect(await office.rows()).toEqual(before);
});

test('every action has a command, with help that names its flags and examples', async () => {
  expect(COMMANDS.map(({ action }) => action)).toEqual(ACTIONS.map(({ name }) => name));
  for (const { action, flags } of COMMANDS) {
    const { status, output } = await run('watermark', action, '--help');
    expect(status).toBe(0);
    const help = output.join('\n');
    for (const [flag] of flags) expect(help).toContain(flag.split(' ')[0]);
    expect(help).toContain('Examples:');
  }
});

test('what is no action has help of its own', async () => {
  for (const name of [
    ...PAPERS.map(paper => ['watermark', paper.name]),
    ['audit', 'verify'],
    ['database', 'migrate'],
  ]) {
    const { status, output } = await run(...name, '--help');
    expect({ name, status }).toEqual({ name, status: 0 });
    expect(output.join('\n')).toContain('Examples:');
  }
});

test('the command line of a daemon is none of administration', () => {
  expect(runAdministration(['--config', 'signer.yaml'])).toBeUndefined();
  expect(runAdministration([])).toBeUndefined();
});
