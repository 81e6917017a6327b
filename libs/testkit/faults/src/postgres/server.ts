import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultsError } from '../errors.ts';
import type { Owner } from './programs.ts';

const READY_MAX_MS = 120_000;
const STOP_MAX_MS = 20_000;
const HELPER_MAX_MS = 120_000;
/** Lines of its log that a server which does not start is quoted with. */
const LOG_LINES_MAX = 12;

/** Ours say nothing to PostgreSQL: no PGHOST, no language. */
export const ENVIRONMENT = { PATH: process.env['PATH'], LC_ALL: 'C' };

/** One run of a server, from start to end. */
export type Server = {
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  /** Ends it in order, without waiting for its clients. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts a server on a data folder and waits until it accepts connections.
 * @throws {FaultsError} `not_started`, with the last lines of its log
 */
export async function startServer(
  program: string,
  data: string,
  settings: Readonly<Record<string, string>>,
  owner: Owner,
): Promise<Server> {
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(program, ['-D', data, ...options], {
    ...owner,
    cwd: data,
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit').then(() => undefined);
  await ready(child);
  const stop = async (): Promise<void> => {
    child.kill('SIGINT');
    const late = sleep(STOP_MAX_MS, 'late', { ref: false });
    // At once, where a standby that hangs keeps it from an end in order.
    if ((await Promise.race([ended, late])) === 'late') child.kill('SIGQUIT');
    await ended;
  };
  return { ended, stop };
}

function ready(child: ChildProcess): Promise<void> {
  const log: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(late);
      reject(new FaultsError('not_started', [`PostgreSQL ${why}`, ...log].join('\n')));
    };
    const late = setTimeout(() => {
      child.kill('SIGQUIT');
      fail('took too long');
    }, READY_MAX_MS);
    child.once('error', error => fail(error.message));
    child.once('close', () => fail('ended'));
    if (child.stderr === null) return;
    createInterface({ input: child.stderr }).on('line', line => {
      log.splice(0, log.length - LOG_LINES_MAX + 1);
      log.push(line);
      if (!line.includes('database system is ready to accept')) return;
      clearTimeout(late);
      resolve();
    });
  });
}

/**
 * Runs a program to its end.
 * @throws {FaultsError} `failed`, with what it said
 */
export async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  owner: Owner,
): Promise<void> {
  const child = spawn(program, args, {
    ...owner,
    cwd,
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: HELPER_MAX_MS,
  });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new FaultsError('failed', `${program}: ${said.trim()}`);
}
