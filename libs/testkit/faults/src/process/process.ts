import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultsError } from '../errors.ts';
import { HALT_AT } from './points.ts';

export type ProcessOptions = {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The line of its output that says that it is of use; the first one by default. */
  readonly ready?: RegExp;
  /** The point at which it ends by SIGKILL, if it is a test program with `haltPoints`. */
  readonly haltAt?: string;
};

/** How a process ended: with a status, or by a signal. */
export type End = { readonly status: number | null; readonly signal: NodeJS.Signals | null };

/** A process that ends with this one, also when this one is killed. */
export type Process = {
  readonly pid: number;
  /** The line that says that it is of use. */
  readonly ready: Promise<string>;
  readonly ended: Promise<End>;
  /** What it has said so far on both streams, the last of it. */
  readonly output: () => readonly string[];
  /** SIGSTOP; resolves when it stands. */
  readonly pause: () => Promise<void>;
  readonly resume: () => void;
  /** SIGKILL. */
  readonly kill: () => Promise<End>;
  /** SIGTERM, also when it is paused, and SIGKILL where that is not enough. */
  readonly stop: () => Promise<End>;
};

const READY_MAX_MS = 60_000;
const STOP_MAX_MS = 20_000;
const PAUSE_MAX_MS = 10_000;
const PAUSE_EVERY_MS = 5;
const OUTPUT_LINES_MAX = 1_000;
/** Lines that a process which did not become ready is quoted with. */
const QUOTED_LINES_MAX = 12;

/**
 * Becomes the program, beside a watcher that waits for our word on the pipe: a line when the program has ended, and
 * nothing more to come when we have.
 */
const TETHERED = `
  (trap '' INT TERM HUP; read -r line <&3 || kill -s KILL $$) >/dev/null 2>&1 &
  exec "$0" "$@" 3<&-`;

/**
 * Starts a program.
 * `ready` fails with a {@link FaultsError} `not_started` when it ends before or takes too long, and then it is killed.
 */
export function startProcess(options: ProcessOptions): Process {
  const { command, args, env = {}, haltAt, ready = /^/ } = options;
  const halt = haltAt === undefined ? {} : { [HALT_AT]: haltAt };
  const child = spawn('/bin/sh', ['-c', TETHERED, command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env, ...halt },
  });
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null) {
    throw new FaultsError('not_started', 'there is no /bin/sh');
  }
  const ended = endOf(child, child.stdio[3] as Writable);
  const lines: string[] = [];
  const heard = (line: string): void => {
    lines.push(line);
    if (lines.length > OUTPUT_LINES_MAX) lines.shift();
  };
  createInterface({ input: stderr }).on('line', heard);
  const output = createInterface({ input: stdout }).on('line', heard);
  const kill = (): Promise<End> => {
    child.kill('SIGKILL');
    return ended;
  };
  const isReady = readyLine(child, output, ready).catch(async (why: unknown) => {
    await kill();
    const last = lines.slice(-QUOTED_LINES_MAX);
    throw new FaultsError('not_started', [`${command} ${String(why)}`, ...last].join('\n'));
  });
  // Whoever waits for its end does not have to wait for this.
  isReady.catch(() => undefined);
  return {
    pid,
    ready: isReady,
    ended,
    output: () => lines,
    pause: () => pause(child, pid),
    resume: () => child.kill('SIGCONT'),
    kill,
    stop: async () => {
      child.kill('SIGTERM');
      child.kill('SIGCONT');
      const late = sleep(STOP_MAX_MS, undefined, { ref: false });
      return (await Promise.race([ended, late])) ?? kill();
    },
  };
}

/** After the end and all output; then the watcher is let go. */
async function endOf(child: ChildProcess, tether: Writable): Promise<End> {
  tether.on('error', () => undefined);
  child.once('exit', () => tether.end('ended\n'));
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { status, signal };
}

function readyLine(child: ChildProcess, lines: Interface, ready: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('was not ready in time')), READY_MAX_MS);
    child.once('close', () => {
      clearTimeout(late);
      reject(new Error('ended before it was ready'));
    });
    lines.on('line', line => {
      if (!ready.test(line)) return;
      clearTimeout(late);
      resolve(line);
    });
  });
}

async function pause(child: ChildProcess, pid: number): Promise<void> {
  child.kill('SIGSTOP');
  const end = performance.now() + PAUSE_MAX_MS;
  while (!stands(pid)) {
    if (performance.now() > end) throw new FaultsError('failed', 'a process does not stand still');
    await sleep(PAUSE_EVERY_MS);
  }
}

/** Whether it is stopped, or gone. The state follows the name, which is in brackets and may hold any. */
function stands(pid: number): boolean {
  try {
    return /.*\) [TtZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
