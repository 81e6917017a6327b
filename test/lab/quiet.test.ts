import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

test.each([
  ['apps/sandbox/src/main.ts', '--help'],
  ['test/lab/simulate/main.ts', '--help'],
  ['test/lab/simulate/main.ts', '--levels=1', '--json'],
  ['test/lab/bench/main.ts', '--help'],
])('a reader that goes away ends it quietly: %s %s', async (file, ...args) => {
  const child = spawn(process.execPath, [join(ROOT, file), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const status = await new Promise(resolve => child.once('close', resolve));
  expect([status, errors]).toEqual([0, '']);
});
