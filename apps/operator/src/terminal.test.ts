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

test('endless input is refused in one line', async () => {
  const child = spawn(process.execPath, [BIN, 'codec', 'encode', 'operation.shell_header'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  // The command stops reading; what it does not take is nobody's error.
  child.stdin.on('error', () => undefined);
  child.stdin.write(Buffer.alloc(17 * 1024 * 1024));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const status = await new Promise(resolve => child.once('close', resolve));
  expect([status, errors]).toEqual([1, 'meridian: standard input is larger than 16 MiB\n']);
});
