import { describe, expect, test } from 'vitest';
import type { DatabaseOptions } from './options.ts';
import { examine, type Fields } from './session.ts';

const OPTIONS: DatabaseOptions = { url: '', applicationName: '' };

/** What both servers show when all is well. */
const SHOWN = {
  default_transaction_isolation: 'serializable',
  transaction_isolation: 'serializable',
  default_transaction_read_only: 'off',
  transaction_read_only: 'off',
  statement_timeout: '600ms',
  lock_timeout: '400',
  idle_in_transaction_session_timeout: '3s',
};
const POSTGRESQL = {
  version: 'PostgreSQL 15.18 on somewhere',
  ...SHOWN,
  ...{ synchronous_commit: 'on', fsync: 'on', full_page_writes: 'on' },
  ...{ standby: false, names: '', timeline: '00000001', system: '77' },
};
const COCKROACHDB = {
  version: 'CockroachDB CCL v26.2.2',
  ...SHOWN,
  default_transaction_use_follower_reads: 'off',
};

/** A server that answers from a table, and knows no setting that is not in it. */
function server(knows: Readonly<Record<string, unknown>>, asked: string[] = []) {
  return (text: string): Promise<readonly Fields[]> => {
    asked.push(text);
    if (text.startsWith('SHOW')) {
      const names = text.split('; ').map(show => show.replace('SHOW ', ''));
      return Promise.resolve(names.map(name => ({ [name]: knows[name] })));
    }
    if (text.includes('cluster_identity')) return Promise.resolve([]);
    return Promise.resolve([knows]);
  };
}

describe('a session', () => {
  test('of PostgreSQL says which server it is on, and where its log is', async () => {
    expect(await examine(server(POSTGRESQL), OPTIONS)).toEqual({
      engine: 'postgresql',
      ...{ cluster: null, recordedSystem: null },
      ...{ system: '77', timeline: '00000001', isSynchronous: false },
    });
  });

  test('of CockroachDB is asked nothing that it does not know', async () => {
    const asked: string[] = [];
    expect(await examine(server(COCKROACHDB, asked), OPTIONS)).toMatchObject({
      engine: 'cockroachdb',
      ...{ system: null, timeline: null },
    });
    expect(asked.join()).not.toMatch(/pg_|fsync|synchronous/);
  });

  test('is at the isolation that was asked for, and on CockroachDB at no weaker one', async () => {
    const weaker = {
      default_transaction_isolation: 'read committed',
      transaction_isolation: 'read committed',
    };
    const isolation = 'read committed' as const;
    await examine(server({ ...POSTGRESQL, ...weaker }), { ...OPTIONS, isolation });
    for (const [knows, options] of [
      [{ ...POSTGRESQL, ...weaker }, OPTIONS],
      [POSTGRESQL, { ...OPTIONS, isolation }],
      [
        { ...COCKROACHDB, ...weaker },
        { ...OPTIONS, isolation },
      ],
    ] as const) {
      await expect(examine(server(knows), options)).rejects.toMatchObject({
        code: 'misconfigured',
      });
    }
  });

  test.each<[string, object]>([
    ['of another server', { version: 'MySQL 9' }],
    ['whose next transactions are weaker', { default_transaction_isolation: 'read committed' }],
    ['that is weaker now', { transaction_isolation: 'repeatable read' }],
    ['that will not write', { default_transaction_read_only: 'on' }],
    ['that cannot write', { transaction_read_only: 'on' }],
    ['without a statement timeout', { statement_timeout: '0' }],
    ['with another statement timeout', { statement_timeout: '10min' }],
    ['with a timeout that cannot be read', { statement_timeout: '600 fortnights' }],
    ['with another lock timeout', { lock_timeout: '0' }],
    ['that may idle in a transaction', { idle_in_transaction_session_timeout: '0' }],
    ['that forgets commits', { synchronous_commit: 'off' }],
    ['whose standby may forget commits', { synchronous_commit: 'remote_write' }],
    ['whose log is not on disk', { fsync: 'off' }],
    ['whose pages may be torn', { full_page_writes: 'off' }],
    ['of a standby', { standby: true, timeline: null }],
    ['that does not say whether it is a standby', { standby: undefined }],
  ])('%s is refused', async (_what, change) => {
    await expect(examine(server({ ...POSTGRESQL, ...change }), OPTIONS)).rejects.toMatchObject({
      code: 'misconfigured',
    });
  });

  test('of CockroachDB that reads from followers is refused', async () => {
    const knows = { ...COCKROACHDB, default_transaction_use_follower_reads: 'on' };
    await expect(examine(server(knows), OPTIONS)).rejects.toThrow('follower_reads is on, not off');
  });

  test('may forget commits in tests that say so', async () => {
    const forgets = { ...POSTGRESQL, synchronous_commit: 'off', fsync: 'off' };
    await examine(server(forgets), { ...OPTIONS, durability: 'waived' });
  });
});
