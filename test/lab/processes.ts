import { readdirSync, readFileSync } from 'node:fs';

/** The parent of a process that runs; undefined for one that has ended, even if nobody has taken note of it yet. */
export function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid.toString()}/stat`, 'utf8');
    const [, state, parent] = /\) (\w) (\d+)/.exec(stat) ?? [];
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

/** The processes that descend from one, with all that they started. */
export function descendants(of: number): readonly number[] {
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => parentOf(pid) === of);
  return [...children, ...children.flatMap(descendants)];
}

/** How often is looked whether the starter is still there. */
const LOOK_MS = 100;

/**
 * Ends this process at once when the one that started it is gone, however that one ended. npm puts a shell between
 * itself and us and gives us no pipe of its own, so two generations are watched there; where the system has no /proc,
 * only the shell is.
 */
export function endWithStarter(): void {
  const parent = process.ppid;
  const npm = process.env['npm_lifecycle_event'] === undefined ? undefined : parentOf(parent);
  const look = (): void => {
    const isOrphan = process.ppid !== parent || (npm !== undefined && parentOf(parent) !== npm);
    // The pipes to the children break with us, and each of them ends for that.
    if (isOrphan) process.exit(1);
  };
  setInterval(look, LOOK_MS).unref();
}
