import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { instant } from '@meridian/prelude';
import { openAudit } from '../audit.ts';
import { runAdministration } from '../cli.ts';

async function run(...args: readonly string[]): Promise<{ status: unknown; output: string[] }> {
  const output: string[] = [];
  const terminal = { print: (line: string) => output.push(line), note: () => undefined };
  return { status: await runAdministration(args, terminal), output };
}

test('audit verify follows the chain, and names the first line that breaks it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'audit');
  const audit = openAudit(file, () => instant(0));
  for (const event of ['one', 'two']) audit.record(event, {});
  audit.close();
  expect((await run('audit', 'verify', file)).status).toBe(0);
  writeFileSync(file, readFileSync(file, 'utf8').replace('two', 'six'));
  const broken = await run('audit', 'verify', file, '--json');
  expect(broken.status).toBe(1);
  expect(JSON.parse(broken.output.at(-1) ?? '')).toMatchObject({ broken: { line: 2 } });
  expect((await run('audit', 'verify', join(folder, 'none'))).status).toBe(1);
  expect(existsSync(join(folder, 'none'))).toBe(false);
});

test('audit verify says of a file that was set aside, and of the one after it, what is good', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'audit');
  const first = openAudit(file, () => instant(0));
  for (const event of ['one', 'two']) first.record(event, {});
  first.close();
  writeFileSync(file, readFileSync(file).subarray(0, -9));
  const second = openAudit(file, () => instant(0));
  second.close();
  const aside = join(folder, second.setAside?.file ?? '');
  const named = await run('audit', 'verify', file);
  expect(named.status).toBe(0);
  expect(named.output[1]).toBe(
    'it follows audit.damaged-1970-01-01T00-00-00.000Z, which was damaged',
  );
  const both = await run('audit', 'verify', aside, file);
  expect(both.status).toBe(1);
  expect(both.output).toEqual([
    `${aside}: line 2: its end is missing`,
    expect.stringMatching(/damaged-.*: good before it: 1 lines, the last is [0-9a-f]{64}$/),
    expect.stringMatching(/audit: 1 lines, the last is [0-9a-f]{64}$/),
    expect.stringMatching(/audit: it follows audit\.damaged-/),
  ]);
  appendFileSync(aside, 'x');
  const changed = await run('audit', 'verify', aside, file, '--json');
  expect(JSON.parse(changed.output.join(''))).toMatchObject({
    files: [
      { lines: 1, broken: { line: 2 }, changed: true },
      { lines: 1, set_aside: { lines: 1 } },
    ],
  });
});
