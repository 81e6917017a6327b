import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import type { Database } from './database.ts';
import { DatabaseError } from './errors.ts';
import { CASE_MAX_MS, closeAll, failureOf, LIMIT, open } from './fixtures.ts';
import { assertSchema, migrate } from './migrations.ts';

vi.setConfig({ testTimeout: CASE_MAX_MS, hookTimeout: CASE_MAX_MS });

const MIGRATIONS = [
  'CREATE TABLE IF NOT EXISTS one (n INT8 PRIMARY KEY)',
  'CREATE TABLE IF NOT EXISTS two (n INT8 PRIMARY KEY)',
  'ALTER TABLE one ADD COLUMN IF NOT EXISTS m INT8',
];

describeWithPostgres('migrations', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, CASE_MAX_MS);
  afterEach(closeAll);
  afterAll(() => postgres.close(), CASE_MAX_MS);

  const fresh = async () => open(await postgres.freshDatabase());
  const versions = async (database: Database) =>
    (await database.query('SELECT version FROM schema_version ORDER BY version', [], LIMIT)).map(
      ({ version }) => version,
    );
  const isMigrated = async (database: Database) => {
    await database.query('SELECT n, m FROM one', [], LIMIT);
    await database.query('SELECT n FROM two', [], LIMIT);
    expect(await versions(database)).toEqual([1, 2, 3]);
  };

  test('are run in their order, each once', async () => {
    const database = await fresh();
    await migrate(database, MIGRATIONS.slice(0, 1));
    await migrate(database, MIGRATIONS);
    await isMigrated(database);
    const never = MIGRATIONS.map(() => 'this is no statement');
    await migrate(database, never);
    await isMigrated(database);
  });

  test(
    'go on where a runner died, wherever that was',
    async () => {
      for (let dies = 1; ; dies += 1) {
        const database = await fresh();
        let asked = 0;
        const dying: Database = {
          ...database,
          query: async (text, values, limit) => {
            const rows = await database.query(text, values, limit);
            asked += 1;
            if (asked === dies) throw new Error('the runner died');
            return rows;
          },
        };
        const died = await migrate(dying, MIGRATIONS).then(
          () => false,
          () => true,
        );
        await migrate(database, MIGRATIONS);
        await isMigrated(database);
        await closeAll();
        if (!died) break;
      }
    },
    CASE_MAX_MS,
  );

  test('of several runners at once do no harm', async () => {
    const url = await postgres.freshDatabase();
    await Promise.all(Array.from({ length: 5 }, () => migrate(open(url), MIGRATIONS)));
    await isMigrated(open(url));
  });

  test('that cannot be made end the runner, and are not recorded', async () => {
    const database = await fresh();
    const failure = await failureOf(migrate(database, [MIGRATIONS[0]!, 'CREATE NONSENSE']));
    expect(failure).toMatchObject({ code: 'mistake', sqlState: '42601' });
    expect(await versions(database)).toEqual([1]);
  });

  test('are counted: as many as are known, or one less', async () => {
    const database = await fresh();
    await expect(assertSchema(database, 1)).rejects.toBeInstanceOf(DatabaseError);
    await migrate(database, MIGRATIONS);
    await assertSchema(database, 3);
    await assertSchema(database, 4);
    for (const version of [2, 5]) {
      expect(await failureOf(assertSchema(database, version))).toMatchObject({
        code: 'not_migrated',
      });
    }
  });
});
