import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daemon-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = `
  import { logLevel, runDaemon, z } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
  await runDaemon({
    app: 'test',
    summary: 'A daemon for tests.',
    schema: z.strictObject({ word: z.string().meta({ description: 'A word.' }), logLevel }),
    start: async ({ word }, { log, atEnd, announce }) => {
      const alive = setInterval(() => undefined, 1000);
      atEnd(async () => log.info('closed_first_started'));
      atEnd(async () => log.info('closed_last_started'));
      if (word === 'fail') throw new Error('cannot');
      if (word === 'coded') throw Object.assign(new Error('cannot'), { code: 'replaced' });
      if (word === 'broken') setTimeout(() => { throw Object.assign(new Error('cannot'), { code: 'busy' }); });
      if (word === 'crash') setTimeout(() => { throw new Error('broken'); });
      if (word === 'hang') atEnd(() => new Promise(() => undefined));
      announce({ word });
    },
  });`;

/** Runs the daemon; \`signal\` is sent once it has announced itself. */
async function run(
  word: string,
  args: readonly string[] = [],
  signals: readonly NodeJS.Signals[] = [],
) {
  const config = join(folder, 'config.yaml');
  writeFileSync(config, `word: ${word}\n`);
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    PROGRAM,
    '--',
    ...args,
    ...(args.includes('--help') ? [] : ['--config', config]),
  ]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
    if (out.includes('"word"')) for (const signal of signals) child.kill(signal);
  });
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  const events = err.split('\n').flatMap(line => /"event":"(\w+)"/.exec(line)?.[1] ?? []);
  return { status, out, err, events };
}

test('a signal closes what was started, the last first, and ends with 0', async () => {
  const { status, out, events } = await run('fine', [], ['SIGTERM']);
  expect(JSON.parse(out)).toEqual({ app: 'test', word: 'fine' });
  expect(events.slice(-3)).toEqual(['stopping', 'closed_last_started', 'closed_first_started']);
  expect(status).toBe(0);
});

test('what does not close is not waited for for ever', async () => {
  expect((await run('hang', [], ['SIGINT'])).status).toBe(0);
});

test('a start that fails and a mistake at work are one line in the log, and 1', async () => {
  const failed = await run('fail');
  expect([failed.status, failed.events]).toEqual([1, ['not_started']]);
  const crashed = await run('crash');
  expect([crashed.status, crashed.events.includes('failed')]).toEqual([1, true]);
});

test('an error that has a code is told with it', async () => {
  const told = async (word: string) =>
    JSON.parse(
      (await run(word)).err.split('\n').find(line => line.includes('cannot')) ?? '',
    ) as object;
  expect(await told('coded')).toMatchObject({
    event: 'not_started',
    why: 'cannot',
    code: 'replaced',
  });
  expect(await told('broken')).toMatchObject({ event: 'failed', why: 'cannot', code: 'busy' });
  expect(await told('fail')).not.toHaveProperty('code');
});

test('a configuration can be checked alone, and a wrong one ends with 2 before anything starts', async () => {
  const checked = await run('fine', ['--check-config']);
  expect([checked.status, checked.out]).toEqual([0, 'the configuration is good\n']);
  const wrong = await run('{}');
  expect([wrong.status, wrong.out]).toEqual([2, '']);
  expect(wrong.err).toMatch(/^word: /);
});

test('help lists the keys, and nonsense ends with 2 in one line', async () => {
  const help = await run('fine', ['--help']);
  expect([help.status, help.out]).toEqual([0, expect.stringContaining('MERIDIAN_TEST_LOG_LEVEL')]);
  const nonsense = await run('fine', ['--nonsense']);
  expect([nonsense.status, nonsense.err.trim().split('\n').length]).toEqual([2, 1]);
});
