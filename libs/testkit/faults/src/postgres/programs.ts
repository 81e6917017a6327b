import { accessSync, constants, globSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['initdb', 'postgres', 'pg_basebackup'] as const;

/** Where PostgreSQL's programs are; all of one version. */
export type Programs = Readonly<Record<(typeof NAMES)[number], string>>;

/** What is missing where `postgresPrograms` finds nothing, in one line. */
export const MISSING = `no PostgreSQL on this machine (${NAMES.join(', ')}; on Debian: postgresql)`;

/** The user that a process is started as; nothing: as ourselves. */
export type Owner = { readonly uid?: number; readonly gid?: number };

/** Debian keeps the server's programs off the path, in a folder for each version. */
const DEBIAN = '/usr/lib/postgresql/*/bin';
const versionOf = (folder: string): number => Number(folder.split('/').at(-2));

/**
 * Finds PostgreSQL: a folder of the path that has all programs, else the newest of Debian's folders. Undefined where
 * there is none, and on other systems than Linux, whose /proc says what belongs to a server.
 */
export function postgresPrograms(): Programs | undefined {
  if (process.platform !== 'linux') return undefined;
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const debian = globSync(DEBIAN).sort((one, other) => versionOf(other) - versionOf(one));
  return [...onPath, ...debian].map(programsIn).find(programs => programs !== undefined);
}

function programsIn(folder: string): Programs | undefined {
  try {
    const paths = NAMES.map(name => {
      accessSync(join(folder, name), constants.X_OK);
      return [name, join(folder, name)];
    });
    return Object.fromEntries(paths) as Programs;
  } catch {
    return undefined;
  }
}

/** PostgreSQL refuses to run as root: then it is user `postgres`, or `nobody`. */
export function postgresOwner(): Owner {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const user of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find(line => line.startsWith(`${user}:`))?.split(':') ?? [];
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return {};
}
