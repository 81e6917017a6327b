import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A process of the system that is tried out here. */
export type Child = {
  readonly name: string;
  /** The line that it prints when it is of use. */
  readonly ready: Promise<Readonly<Record<string, unknown>>>;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
};

const APPS = new URL('../../apps/', import.meta.url);
const READY_MAX_MS = 20_000;

/**
 * Starts an app, as {@link startProgram} does.
 * @param told gets each line of its log
 */
export function startApp(
  app: string,
  args: readonly string[],
  name: string,
  told: (line: string) => void,
): Child {
  return startProgram(programOf(app), args, name, told);
}

/** The file that an app is started from. */
export function programOf(app: string): string {
  return fileURLToPath(new URL(`${app}/src/main.ts`, APPS));
}

/**
 * Starts a program of the workspace. It ends when this process does, even if this one is killed: the pipe between them
 * breaks.
 * @param program its main file
 * @param told gets each line of its log
 */
export function startProgram(
  program: string,
  args: readonly string[],
  name: string,
  told: (line: string) => void,
): Child {
  const tether = fileURLToPath(new URL('tether.mjs', APPS));
  const child = spawn(process.execPath, ['--import', tether, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, MERIDIAN_TETHER: '3' },
  });
  const ended = once(child, 'exit').then(() => undefined);
  linesOf(child.stderr, told);
  return {
    name,
    ready: readyLine(child, name),
    ended,
    kill: signal => child.kill(signal),
  };
}

function linesOf(stream: Readable | null, told: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on('line', told);
}

function readyLine(child: ChildProcess, name: string): Child['ready'] {
  return new Promise((resolve, reject) => {
    const tooLate = setTimeout(
      () => reject(new Error(`${name} was not ready in time`)),
      READY_MAX_MS,
    );
    child.once('exit', () => {
      clearTimeout(tooLate);
      reject(new Error(`${name} ended before it was ready`));
    });
    linesOf(child.stdout, line => {
      clearTimeout(tooLate);
      resolve(JSON.parse(line) as Readonly<Record<string, unknown>>);
    });
  });
}
