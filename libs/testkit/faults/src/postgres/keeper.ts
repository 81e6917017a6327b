import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { FaultsError } from '../errors.ts';
import type { Owner } from './programs.ts';

/**
 * Whatever works in the folder is the server: its processes have sessions of their own, but all of them stand in its
 * data. The keeper is their user, since a container's root may not see where other users' processes stand. It signals
 * them, and when the pipe to whoever started it closes it ends them and removes the folder. The segment of shared
 * memory that a killed server leaves has its number in postmaster.pid.
 */
const PROGRAM = `
  folder=$1
  inside() { ls -ln /proc/[0-9]*/cwd 2>/dev/null | sed -n "s|.* /proc/\\([0-9]*\\)/cwd -> $folder/.*|\\1|p"; }
  each() { for pid in $(inside); do kill -s "$1" "$pid" 2>/dev/null; done; }
  kill_all() { while [ -n "$(inside)" ]; do each KILL; done; }
  while read -r signal; do
    case $signal in KILL) kill_all ;; *) each "$signal" ;; esac
    echo done
  done
  each CONT
  each QUIT
  tries=0
  while [ -n "$(inside)" ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill_all
  for file in "$folder"/*/postmaster.pid; do
    set -- $(sed -n 7p "$file" 2>/dev/null)
    [ -n "$2" ] && ipcrm -m "$2" 2>/dev/null
  done
  rm -rf "$folder"`;

/** Who has power over all processes in a folder, and outlives whoever asked for it by as much as it takes to end them. */
export type Keeper = {
  /** Resolves when the signal was sent to all; after KILL: when none is left. */
  readonly signal: (name: 'STOP' | 'CONT' | 'KILL') => Promise<void>;
  /** Ends all processes and removes the folder. */
  readonly close: () => Promise<void>;
};

/** @param folder absolute, owned by `owner` */
export function startKeeper(folder: string, owner: Owner): Keeper {
  // In a session of its own: what interrupts a terminal's processes must not take the keeper first.
  const child = spawn('/bin/sh', ['-c', PROGRAM, 'keeper', folder], {
    ...owner,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit').then(() => undefined);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on('error', () => undefined);
  return {
    signal: async name => {
      child.stdin.write(`${name}\n`);
      const { done } = await answers.next();
      if (done === true) throw new FaultsError('not_running', 'the keeper has ended');
    },
    close: () => {
      child.stdin.end();
      return ended;
    },
  };
}
