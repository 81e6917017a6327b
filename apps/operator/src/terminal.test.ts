import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const BIN = join(import.meta.dirname, '../bin.mjs');

test('a reader that goes away ends the command quietly', async () => {
  const child = spawn(process.execPath, [BIN, 'codec', 'list'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const status = await new Promise(resolve => child.once('close', resolve));
  expect([status, errors]).toEqual([0, '']);
});
