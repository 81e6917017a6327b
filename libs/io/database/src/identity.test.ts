import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { CASE_MAX_MS, closeAll, failureOf, LIMIT, open } from './fixtures.ts';
import { identityGuard, provisionIdentity, replaceIdentity } from './identity.ts';
import { migrate } from './migrations.ts';
import type { DatabaseOptions } from './options.ts';
import type { Session } from './session.ts';

vi.setConfig({ testTimeout: CASE_MAX_MS, hookTimeout: CASE_MAX_MS });

const OPTIONS: DatabaseOptions = { url: '', applicationName: '' };
const HERE: Session = {
  engine: 'postgresql',
  ...{ cluster: 'c1', recordedSystem: 's1', system: 's1' },
  ...{ timeline: '00000001', isSynchronous: true },
};

/** What a guard says to sessions that come one after the other: the codes of its refusals. */
function verdicts(
  options: Partial<DatabaseOptions>,
  ...sessions: readonly Partial<Session>[]
): readonly string[] {
  const guard = identityGuard({ ...OPTIONS, ...options });
  return sessions.map(session => {
    try {
      guard.admit({ ...HERE, ...session });
      return 'admitted';
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
}

describe('a guard of the identity', () => {
  test('admits the cluster that is pinned, and no other, and none without a name', () => {
    const three = [{}, { cluster: 'c2' }, { cluster: null }];
    const said = ['admitted', 'other_cluster', 'other_cluster'];
    expect(verdicts({ cluster: 'C1' }, ...three)).toEqual(said);
    expect(verdicts({}, ...three)).toEqual(said);
    expect(verdicts({ cluster: 'c2' }, {})).toEqual(['other_cluster']);
  });

  test('goes on from what an earlier process knew', () => {
    const later = { timeline: '00000002' };
    expect(verdicts({ known: HERE }, {}, later)).toEqual(['admitted', 'failed_over']);
    expect(verdicts({ known: HERE }, later)).toEqual(['failed_over']);
    expect(verdicts({ known: HERE }, { system: 's2' }, { cluster: 'c2' })).toEqual([
      'other_cluster',
      'other_cluster',
    ]);
    expect(verdicts({ known: HERE, failover: 'synchronous' }, later)).toEqual(['admitted']);
    const behind = { ...HERE, timeline: '00000003' };
    expect(verdicts({ known: behind, failover: 'synchronous' }, later)).toEqual(['other_cluster']);
  });

  test('takes the timeline that an operator names, and no other', () => {
    const [two, three] = [{ timeline: '0000000A' }, { timeline: '0000000B' }];
    const known = { ...HERE, isSynchronous: false };
    const options = { known, timeline: '0000000a' };
    expect(verdicts(options, two, three)).toEqual(['admitted', 'failed_over']);
    expect(verdicts(options, three)).toEqual(['failed_over']);
    expect(verdicts({ ...options, known: { ...known, timeline: '0000000C' } }, two)).toEqual([
      'other_cluster',
    ]);
  });

  test('tells of a server that it takes, once, and does not take one that nobody can be told of', () => {
    const met: Session[] = [];
    verdicts({ known: HERE, met: session => met.push(session) }, {}, {});
    expect(met).toEqual([]);
    const later = { timeline: '00000002' };
    const options = { failover: 'synchronous', known: HERE } as const;
    verdicts({ ...options, met: session => met.push(session) }, later, later);
    expect(met).toEqual([{ ...HERE, ...later }]);
    const deaf = (): never => {
      throw new Error('the disk is full');
    };
    expect(verdicts({ ...options, met: deaf }, later, {})).toEqual([undefined, 'admitted']);
  });

  test('takes a database that has no name yet, and the name that it gets', () => {
    const none = { cluster: null, recordedSystem: null };
    expect(verdicts({}, none, none, {}, none, { cluster: 'c2' })).toEqual([
      ...['admitted', 'admitted', 'admitted'],
      ...['other_cluster', 'other_cluster'],
    ]);
  });

  test('refuses a copy on another server, by what the copy says and by what is remembered', () => {
    expect(verdicts({}, { system: 's2' })).toEqual(['other_cluster']);
    const silent = { recordedSystem: null };
    expect(verdicts({}, silent, { ...silent, system: 's2' })).toEqual([
      'admitted',
      'other_cluster',
    ]);
    expect(verdicts({}, { system: null }, {})).toEqual(['admitted', 'admitted']);
  });

  test('takes the server that an operator names in the place of another, and no third one', () => {
    const replaces = { from: 's1', to: 's2' };
    const upgraded = { system: 's2', timeline: '00000001' };
    const known = { ...HERE, timeline: '00000007' };
    expect(verdicts({ known, replaces }, upgraded, {})).toEqual(['admitted', 'other_cluster']);
    expect(verdicts({ replaces }, upgraded)).toEqual(['admitted']);
    const recorded = { ...upgraded, recordedSystem: 's2' };
    expect(verdicts({ known, replaces }, recorded)).toEqual(['admitted']);
    // The same word again is about what it made, and about nothing else.
    const now = { ...known, system: 's2', timeline: '00000001' };
    expect(verdicts({ known: now, replaces }, recorded)).toEqual(['admitted']);
    for (const session of [
      { ...recorded, system: 's3' },
      { ...recorded, cluster: 'c2' },
      { ...recorded, timeline: '00000002' },
    ])
      expect(verdicts({ known: now, replaces }, session)).not.toEqual(['admitted']);
    // Nothing was replaced, or something else.
    expect(verdicts({ replaces }, recorded)).toEqual(['other_cluster']);
    const refused: readonly (readonly [Partial<DatabaseOptions>, Partial<Session>])[] = [
      [{ known }, { ...upgraded, system: 's3' }],
      [{ known }, { ...upgraded, system: null }],
      [{ known }, { ...upgraded, recordedSystem: 's3' }],
      [{ known: { ...known, system: 's3' } }, upgraded],
      [{ known }, { ...upgraded, cluster: 'c2' }],
      [{ known, cluster: 'c2' }, upgraded],
    ];
    for (const [options, session] of refused)
      expect(verdicts({ ...options, replaces }, session)).toEqual(['other_cluster']);
  });

  test('takes a later timeline only where that was allowed and commits had a second home', () => {
    const [first, second] = [{}, { timeline: '00000002' }];
    const alone = { isSynchronous: false };
    const allowed = { failover: 'synchronous' } as const;
    expect(verdicts({}, first, second)).toEqual(['admitted', 'failed_over']);
    expect(verdicts({ failover: 'refused' }, first, second)).toEqual(['admitted', 'failed_over']);
    expect(verdicts(allowed, first, second, second)).toEqual(Array(3).fill('admitted'));
    expect(verdicts(allowed, alone, second)).toEqual(['admitted', 'failed_over']);
  });

  test('never goes back to an earlier timeline', () => {
    const back = [{ timeline: '0000000A' }, { timeline: '00000009' }, { timeline: '0000000A' }];
    const said = ['admitted', 'other_cluster', 'admitted'];
    expect(verdicts({ failover: 'synchronous' }, ...back)).toEqual(said);
    expect(verdicts({ failover: 'synchronous' }, {}, { timeline: null })).toEqual([
      'admitted',
      'other_cluster',
    ]);
  });

  test('knows which sessions are of the server before', () => {
    const guard = identityGuard({ ...OPTIONS, failover: 'synchronous' });
    const later = { ...HERE, timeline: '00000002' };
    guard.admit(HERE);
    expect(guard.isCurrent(HERE)).toBe(true);
    guard.admit(later);
    expect([HERE, later].map(guard.isCurrent)).toEqual([false, true]);
  });
});

describeWithPostgres('the identity of a database', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, CASE_MAX_MS);
  afterEach(closeAll);
  afterAll(() => postgres.close(), CASE_MAX_MS);

  test('is given once, by whoever comes first', async () => {
    const url = await postgres.freshDatabase();
    await migrate(open(url), []);
    const names = await Promise.all(
      [open(url), open(url), open(url)].map(database => provisionIdentity(database)),
    );
    expect(new Set(names).size).toBe(1);
    expect(names[0]).toMatch(/^[0-9a-f-]{36}$/);
    const pinned = open(url, { cluster: names[0]! });
    const session = await pinned.session(LIMIT);
    expect(session).toMatchObject({ cluster: names[0], timeline: '00000001' });
    expect(session.system).toMatch(/^\d+$/);
    expect(session.recordedSystem).toBe(session.system);
  });

  test('of another database keeps everything from being asked', async () => {
    const url = await postgres.freshDatabase();
    await migrate(open(url), []);
    await provisionIdentity(open(url));
    const other = open(url, { cluster: 'b7a0d5a2-0000-4000-8000-000000000000' });
    expect(await failureOf(other.query('SELECT 1', [], LIMIT))).toMatchObject({
      code: 'other_cluster',
    });
    const empty = open(await postgres.freshDatabase(), { cluster: 'b7a0d5a2' });
    expect(await failureOf(empty.query('SELECT 1', [], LIMIT))).toMatchObject({
      code: 'other_cluster',
    });
  });

  test('of a dump is that of the server which it was made on', async () => {
    const url = await postgres.freshDatabase();
    const database = open(url);
    await migrate(database, []);
    await provisionIdentity(database);
    await database.query("UPDATE cluster_identity SET system_identifier = '1'", [], LIMIT);
    expect(await failureOf(open(url).query('SELECT 1', [], LIMIT))).toMatchObject({
      code: 'other_cluster',
    });
  });

  test('is replaced along with something else, or neither, and where it is what was looked at', async () => {
    const database = open(await postgres.freshDatabase());
    const sql = (text: string) => database.query(text, [], LIMIT);
    await migrate(database, ['CREATE TABLE noted (word TEXT)']);
    await provisionIdentity(database);
    const session = await database.session(LIMIT);
    const to = session.system ?? expect.fail('a server has a name');
    const replace = (seen: string | null, word: string) => {
      const looked = { ...session, recordedSystem: seen };
      const slow = { ...database, session: () => Promise.resolve(looked) };
      return replaceIdentity(slow, { from: '1', to }, async query => {
        await query('INSERT INTO noted (word) VALUES ($1::TEXT)', [word]);
        if (word === 'cut') throw new Error('cut off');
        return word;
      });
    };
    const recorded = async (): Promise<unknown> =>
      (await sql('SELECT system_identifier AS system FROM cluster_identity'))[0]?.['system'];
    await sql('UPDATE cluster_identity SET system_identifier = NULL');
    await expect(replace(null, 'cut')).rejects.toThrow('cut off');
    await expect(replace('1', 'moved meanwhile')).rejects.toMatchObject({ code: 'other_cluster' });
    expect([await recorded(), await sql('SELECT word FROM noted')]).toEqual([null, []]);
    expect(await replace(null, 'done')).toBe('done');
    expect(await replace(to, 'again')).toBeUndefined();
    expect([await recorded(), await sql('SELECT word FROM noted')]).toEqual([
      to,
      [{ word: 'done' }],
    ]);
    await sql('DELETE FROM cluster_identity');
    await expect(replace(null, 'none')).rejects.toMatchObject({ code: 'other_cluster' });
    expect(await sql('SELECT word FROM noted')).toHaveLength(1);
  });

  test('is read by a role that may not ask for more', async () => {
    const url = await postgres.freshDatabase();
    const database = open(url);
    await migrate(database, []);
    const cluster = await provisionIdentity(database);
    const role = `reader_${cluster.slice(0, 8)}`;
    for (const text of [
      `CREATE ROLE ${role} LOGIN`,
      `GRANT SELECT ON cluster_identity TO ${role}`,
      'REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC',
    ]) {
      await database.query(text, [], LIMIT);
    }
    const reader = open(url.replace('postgres@', `${role}@`), { cluster });
    expect(await reader.session(LIMIT)).toMatchObject({ cluster, system: null });
  });
});
