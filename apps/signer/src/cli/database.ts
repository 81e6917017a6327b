import { migrate, openDatabase, provisionIdentity } from '@meridian/database';
import { SQL_MIGRATIONS } from '@meridian/watermark-store';
import { secretOf } from '../secret-file.ts';
import { tlsOf } from '../tls.ts';
import { MisuseError, needed, wordOf, type Flag, type Options } from './options.ts';

/** CockroachDB changes a schema in jobs, which take their time. */
const STATEMENT_MS = 30_000;

/** How `database migrate` is reached. */
export const DATABASE_FLAGS: readonly Flag[] = [
  [
    '--url-file <FILE>',
    'a file with the address of the database, under a role that owns its tables',
  ],
  ['--ca <FILE>', 'PEM file of the authority of the cluster'],
  ['--cert <FILE>', 'PEM file of our certificate'],
  ['--key <FILE>', 'PEM file of its key'],
];

/** The address in a file, of which nothing is repeated. @throws MisuseError */
export function urlIn(file: string): string {
  try {
    return secretOf('--url-file', file);
  } catch (error) {
    throw new MisuseError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Brings the schema of a database up to date, gives it an identity, and says what server it is.
 * @throws MisuseError, DatabaseError
 */
export async function migrated(
  options: Options,
): Promise<{ readonly lines: readonly string[]; readonly json: unknown }> {
  const [ca, cert, key] = ['ca', 'cert', 'key'].map(name => wordOf(options, name));
  const database = openDatabase({
    url: urlIn(needed(wordOf(options, 'urlFile'), '--url-file')),
    applicationName: 'meridian-signer migrate',
    timeouts: { statementMs: STATEMENT_MS, lockMs: STATEMENT_MS },
    ...tlsOf({ ca, cert, key }),
  });
  try {
    await migrate(database, SQL_MIGRATIONS);
    const cluster = await provisionIdentity(database);
    const { engine } = await database.session({ deadlineMs: STATEMENT_MS });
    const schema = SQL_MIGRATIONS.length;
    return {
      lines: [`schema ${schema.toString()} on ${engine}`, `cluster ${cluster}`],
      json: { schema, engine, cluster },
    };
  } finally {
    await database.close();
  }
}
