import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { check, GATES, type Gate } from './gates.ts';

vi.setConfig({ testTimeout: 20_000 });
const script = (name: string, code: string): Gate => ({ name, command: ['node', '-e', code] });

describe('the gates', () => {
  test('each get a line, and a failing one says all that it has to say', async () => {
    const printed: string[] = [];
    const gates = [
      script('good', "console.log('boring')"),
      script('bad', "console.log('out'); console.error('err'); process.exitCode = 3"),
      { name: 'missing', command: ['no-such-program'] } as const,
      script('last', ''),
    ];
    expect(await check(gates, text => printed.push(text))).toBe(false);
    const [good, bad, said, missing, why, last] = printed;
    expect(good).toMatch(/^good {5}ok +\d+\.\d s\n$/);
    expect(bad).toMatch(/^bad {6}failed +\d+\.\d s\n$/);
    expect(said?.split('\n').sort()).toEqual(['', 'err', 'out']);
    expect([missing, why].join('')).toMatch(/^missing +failed .*ENOENT/s);
    expect(last).toMatch(/^last +ok/);
    expect(printed).toHaveLength(6);
  });

  test('that all hold hold together', async () => {
    expect(await check([script('a', ''), script('b', '')], () => undefined)).toBe(true);
  });

  test('print no colours into a pipe', async () => {
    const printed: string[] = [];
    await check(
      [script('a', "console.log(process.env['FORCE_COLOR']); process.exitCode = 1")],
      text => printed.push(text),
    );
    expect(printed[1]).toBe('0\n');
  });
});

describe('npm run check', () => {
  const run = (...args: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [join(import.meta.dirname, 'check.ts'), ...args]);

  test('explains itself', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    for (const { name } of GATES) expect(stdout.toString()).toContain(name);
  });

  test.each(['--fast', 'lint'])('refuses %s', argument => {
    const { status, stderr } = run(argument);
    expect(status).toBe(2);
    expect(stderr.toString()).toContain(argument);
  });
});
