import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './skeleton.ts';

/** Something that must hold of the whole tree: what it is called, and the command that fails when it does not hold. */
export type Gate = { readonly name: string; readonly command: readonly [string, ...string[]] };

/** Every gate beside the tests, the fastest first. */
export const GATES: readonly Gate[] = [
  { name: 'format', command: ['prettier', '--check', '.'] },
  { name: 'types', command: ['tsc', '--project', 'tsconfig.json'] },
  { name: 'types of core', command: ['tsc', '--project', 'tsconfig.core.json'] },
  { name: 'lint of the root', command: ['eslint', '*.js', '*.ts', 'apps/*.mjs', '.ci/*.mjs'] },
  { name: 'lint', command: ['nx', 'run-many', '--target=lint', '--output-style=static'] },
  { name: 'bench', command: ['node', 'test/lab/bench/main.ts', '--check'] },
];

/**
 * Runs the gates one after another and prints a line for each, and all that a failing one has to say.
 * @returns whether all of them held
 */
export async function check(
  gates: readonly Gate[],
  print: (text: string) => void,
): Promise<boolean> {
  const width = Math.max(...gates.map(({ name }) => name.length));
  let allHeld = true;
  for (const { name, command } of gates) {
    const startedAt = performance.now();
    const { held, output } = await run(command);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    print(`${name.padEnd(width)}  ${held ? 'ok    ' : 'failed'}  ${seconds.padStart(6)} s\n`);
    if (!held) print(`${output.trimEnd()}\n`);
    allHeld &&= held;
  }
  return allHeld;
}

function run([program, ...args]: Gate['command']): Promise<{ held: boolean; output: string }> {
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  // Tools write to a pipe here: whether to use colours is decided by where we write.
  const colours = process.stdout.isTTY ? { FORCE_COLOR: '1' } : { FORCE_COLOR: '0', NO_COLOR: '1' };
  // Nx would load plugins in processes of their own, over sockets.
  const env = { ...process.env, ...colours, PATH: path, NX_ISOLATE_PLUGINS: 'false' };
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return new Promise(resolve => {
    child.on('error', ({ message }) => resolve({ held: false, output: message }));
    child.on('close', status => resolve({ held: status === 0, output }));
  });
}
