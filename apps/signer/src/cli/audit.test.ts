import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
