import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { migrate, type Database } from '@meridian/database';
import { ok } from '@meridian/prelude';
import { level, round } from '@meridian/tezos';
import { changeOfRows, latchKey, release } from '@meridian/watermark/administration';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { KINDS, type Row } from '@meridian/watermark';
import { activate, CHAIN, pkhOf, request, type Wish } from './fixtures.ts';
import { openSqlStore, SQL_MIGRATIONS, type WatermarkStore } from './index.ts';
import { CASE_MAX_MS, closeAll, databaseAt, freshStore, PATIENT, storeAt } from './sql-fixtures.ts';

vi.setConfig({ testTimeout: CASE_MAX_MS, hookTimeout: CASE_MAX_MS });

const ISOLATIONS = ['serializable', 'read committed'] as const;

/** What no row can say of itself. */
const NO_ROWS: readonly (readonly [string, string])[] = [
  ['of no known kind', 'kind = 20'],
  ['in no known mode', "mode = 'open'"],
  ['with no known history', "history = 'bright'"],
  ['below level 0', 'level = -1'],
  ['above the last level', 'level = 2147483648'],
  ['at a negative round', 'round = -1'],
  ['with half a digest', "digest = '\\x00'"],
  ['with a chain of five bytes', "chain_id = '\\x0001020304'"],
  ['with a signature of nothing', "sig = 'one'"],
  ['with bytes of nothing', "bytes = '\\x00'"],
  ['that is latched and does not know from what', "mode = 'latched'"],
  ['without a site', "site = ''"],
  ['without a holder', 'epoch = NULL'],
  ['without a lease end', 'max_level = NULL'],
  ['before its first change', 'seq = -1'],
];

describeWithPostgres('a store in SQL', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, CASE_MAX_MS);
  afterEach(closeAll);
  afterAll(() => postgres.close(), CASE_MAX_MS);

  const modesOf = async (store: WatermarkStore, key = 1) =>
    (await store.read(CHAIN, pkhOf(key))).map(({ mode }) => mode);

  test('gives its rows back as they are, those of a key and all of them', async () => {
    const { url } = await freshStore(postgres);
    const store = await storeAt(url);
    for (const key of [1, 2]) await activate(store, key, KINDS);
    const asked = request({ level: 10 });
    const permitted = await store.advance(asked);
    const sealed = await store.seal(asked, 'sig');
    const read = await store.read(CHAIN, pkhOf(1));
    const row = read.find(({ kind }) => kind === 'attestation');
    expect(permitted).toMatchObject({ ok: true, value: { signature: null } });
    expect(sealed).toEqual({ ok: true, value: row });
    expect(row).toMatchObject({
      ...{ chainId: CHAIN, level: 10, round: 0, digest: asked.digest, bytes: asked.bytes },
      ...{ signature: 'sig', mode: 'active', latchedFrom: null, handedEpoch: null, seq: 3 },
    });
    expect((await store.rows()).map(({ kind }) => kind)).toEqual([...KINDS, ...KINDS]);
    expect(read.map(({ kind }) => kind)).toEqual(KINDS);
  });

  describe.each(ISOLATIONS)('at isolation %s', isolation => {
    test(
      'gives one payload a place, whatever three signers ask of it at once',
      async () => {
        const { url } = await freshStore(postgres);
        const stores = await Promise.all(
          [1, 2, 3].map(() => storeAt(url, { isolation, connectionsMax: 4 })),
        );
        await activate(stores[0]!);
        for (const round of [0, 1]) {
          // Fifty payloads, each asked for twice, of whoever comes next.
          const asked = Array.from({ length: 100 }, (_, at) =>
            request({ level: 10, round, payload: String.fromCharCode(64 + (at % 50)) }),
          );
          const outcomes = await Promise.all(
            asked.map((each, at) => stores[at % stores.length]!.advance(each)),
          );
          const granted = asked.filter((_, at) => outcomes[at]!.ok).map(({ digest }) => digest);
          expect(granted).toHaveLength(2);
          expect(new Set(granted).size).toBe(1);
          const [row] = await stores[1]!.rows();
          expect(row).toMatchObject({ round, digest: granted[0] });
        }
      },
      CASE_MAX_MS,
    );

    test(
      'refuses what waited while its site was fenced',
      async () => {
        const { url, sql } = await freshStore(postgres);
        const store = await storeAt(url, { isolation });
        await activate(store);
        let advancing: ReturnType<WatermarkStore['advance']> | undefined;
        await databaseAt(url).transaction(
          async query => {
            await query("UPDATE watermark SET site = 'ie', epoch = 2, seq = seq + 1");
            advancing ??= store.advance(request({ level: 10 }));
            await expect
              .poll(() => sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), {
                timeout: CASE_MAX_MS,
              })
              .toHaveLength(1);
          },
          { deadlineMs: CASE_MAX_MS },
        );
        expect(await advancing).toMatchObject({ ok: false, error: { code: 'fenced' } });
        expect(await store.rows()).toMatchObject([{ site: 'ie', epoch: 2, level: 9, seq: 2 }]);
      },
      CASE_MAX_MS,
    );
  });

  test.each<[string, string, Wish]>([
    ['missing_row', 'DELETE FROM watermark WHERE kind = 19', { level: 11 }],
    ['other_incarnation', "UPDATE watermark SET incarnation = 'second'", { level: 11 }],
    ['store_went_back', 'UPDATE watermark SET seq = 1, level = 9', { level: 11, seenSeq: 9 }],
  ])(
    'that lost something latches every row of the key and no other: %s',
    async (code, loss, wish) => {
      const { url, sql } = await freshStore(postgres);
      const store = await storeAt(url);
      for (const key of [1, 2]) await activate(store, key, KINDS);
      await store.advance(request({ level: 10 }));
      await sql(`${loss}${loss.includes('WHERE') ? ' AND' : ' WHERE'} pkh = '${pkhOf(1)}'`);
      const seen = await store.read(CHAIN, pkhOf(1));
      for (let again = 0; again < 2; again += 1) {
        const refused = await store.advance(request(wish));
        expect(refused).toMatchObject({ ok: false, error: { code } });
        const latched = await store.read(CHAIN, pkhOf(1));
        const after = (row: Row) => ({
          ...row,
          mode: 'latched',
          latchedFrom: 'active',
          seq: row.seq + 1,
        });
        expect(latched).toEqual(seen.map(after));
      }
      expect(await modesOf(store, 2)).toEqual(KINDS.map(() => 'active'));
    },
  );

  test('that lost something stops the rows of the key whichever generation they are', async () => {
    const { url } = await freshStore(postgres);
    const store = await storeAt(url);
    await activate(store, 1, KINDS);
    const key = { chainId: CHAIN, pkh: pkhOf(1) };
    const given = { floor: { level: level(50), round: round(0) }, horizonEnd: 50 };
    const released = changeOfRows(key, ['block'], row =>
      release(row, { ...given, incarnation: 'second' }),
    );
    await store.administer(key, rows => ok(latchKey(rows)));
    expect(await store.administer(key, released)).toMatchObject({ ok: true });
    await store.advance(request({ level: 10, seenSeq: 99 }));
    expect(await modesOf(store)).toEqual(['latched', 'latched', 'latched']);
  });

  test('that forgot a permission latches when the signature is to be stored', async () => {
    const { url, sql } = await freshStore(postgres);
    const store = await storeAt(url);
    await activate(store, 1, KINDS);
    await store.advance(request({ level: 10 }));
    await sql('UPDATE watermark SET level = 9, digest = NULL, bytes = NULL');
    const sealed = await store.seal(request({ level: 10 }), 'sig');
    expect(sealed).toMatchObject({ ok: false, error: { code: 'store_went_back' } });
    expect(await modesOf(store)).toEqual(KINDS.map(() => 'latched'));
  });

  test('without its tables, without the right to write or read-only refuses by name', async () => {
    const { url, sql } = await freshStore(postgres);
    const name = url.split('/').at(-1)!;
    const store = await storeAt(url);
    await activate(store);
    await sql('ALTER TABLE watermark RENAME TO elsewhere');
    const asked = () => store.advance(request({ level: 10 }));
    await expect(asked()).rejects.toMatchObject({ code: 'not_migrated' });
    await sql('ALTER TABLE elsewhere RENAME TO watermark');
    expect((await asked()).ok).toBe(true);
    await sql(`CREATE ROLE reader_${name} LOGIN`);
    await sql(`GRANT SELECT ON watermark, schema_version, cluster_identity TO reader_${name}`);
    const reader = await storeAt(url.replace('postgres@', `reader_${name}@`));
    expect(await reader.rows()).toHaveLength(1);
    const unheard = reader.advance(request({ level: 10 }));
    await expect(unheard).rejects.toMatchObject({ code: 'misconfigured' });
    await sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await expect(storeAt(url)).rejects.toMatchObject({ code: 'misconfigured' });
  });

  test('is opened over its own schema alone', async () => {
    const url = await postgres.freshDatabase();
    await expect(storeAt(url)).rejects.toMatchObject({ code: 'not_migrated' });
    await migrate(databaseAt(url), [...SQL_MIGRATIONS, 'SELECT 1']);
    await expect(storeAt(url)).rejects.toMatchObject({ code: 'not_migrated' });
  });

  test('takes nothing once it is closed', async () => {
    const { url } = await freshStore(postgres);
    const store = await storeAt(url);
    await activate(store);
    await store.close();
    await expect(store.advance(request({ level: 10 }))).rejects.toMatchObject({ code: 'closed' });
    await expect(store.rows()).rejects.toMatchObject({ code: 'closed' });
  });

  test('holds no row that is none, whoever writes it', async () => {
    const { url, sql } = await freshStore(postgres);
    await activate(await storeAt(url));
    for (const [what, change] of NO_ROWS) {
      const writing = sql(`UPDATE watermark SET ${change}`);
      await expect(writing, what).rejects.toMatchObject({ code: 'mistake' });
    }
  });

  test(
    'has one statement at a time on a row, and as many as there are rows',
    async () => {
      const { url, sql } = await freshStore(postgres);
      // A serializable one would have to be asked again for what it shares with the transaction below: the table.
      const store = await storeAt(url, { isolation: 'read committed' });
      for (const key of [1, 2]) await activate(store, key);
      let advancing: Promise<unknown> | undefined;
      await databaseAt(url).transaction(
        async query => {
          await query('UPDATE watermark SET seq = seq + 1 WHERE pkh = $1', [pkhOf(1)]);
          const levels = [10, 11, 12, 13, 14, 15];
          advancing ??= Promise.all(levels.map(level => store.advance(request({ level }))));
          const waiting = () =>
            sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
          await expect.poll(waiting, { timeout: CASE_MAX_MS }).not.toHaveLength(0);
          for (let level = 10; level < 20; level += 1) {
            await store.advance(request({ key: 2, level }));
          }
          expect(await waiting()).toHaveLength(1);
        },
        { deadlineMs: CASE_MAX_MS },
      );
      expect(await advancing).toMatchObject(Array(6).fill({ ok: true }));
    },
    CASE_MAX_MS,
  );
});

describe('a database that lies', () => {
  /** It answers what it is told to, and counts what it is asked. */
  type Answer = readonly object[] | ((times: number) => readonly object[]);
  const lying = (answers: Readonly<Record<string, Answer>>) => {
    const asked: string[] = [];
    const database: Database = {
      query: text => {
        asked.push(text);
        const start = Object.keys(answers).find(each => text.startsWith(each)) ?? '';
        const answer = answers[start] ?? [];
        const times = asked.filter(each => each.startsWith(start)).length;
        const rows = typeof answer === 'function' ? answer(times) : answer;
        return Promise.resolve(rows as Record<string, unknown>[]);
      },
      transaction: () => Promise.reject(new Error('not here')),
      session: () => Promise.reject(new Error('not here')),
      close: () => Promise.resolve(),
    };
    return { asked, open: () => openSqlStore({ database, ...PATIENT }) };
  };
  const versions = { 'SELECT max(version)': [{ version: SQL_MIGRATIONS.length }] };
  const asked = request({ level: 10, seenSeq: 7 });
  const written = {
    ...{ chain_id: '01020304', pkh: asked.pkh, kind: 19, level: 10, round: 0 },
    ...{ digest: asked.digest, bytes: asked.bytes, sig: null, mode: 'active', latched_from: null },
    ...{ history: 'known', site: 'us', epoch: 1, incarnation: 'first', generation: 0 },
    ...{ max_level: 20, handed_epoch: null, burnt_epoch: 0, seq: 8 },
  };
  const SET_MARK = 'UPDATE watermark\n   SET level';

  test('is believed where it answers what was asked', async () => {
    const { open } = lying({ ...versions, [SET_MARK]: [written] });
    expect(await (await open()).advance(asked)).toMatchObject({ ok: true });
  });

  test('whose row moved between write and read is written to once more', async () => {
    const before = { ...written, level: 9, digest: null, bytes: null, seq: 7 };
    const { open } = lying({
      ...versions,
      [SET_MARK]: times => (times === 1 ? [] : [written]),
      'SELECT chain_id': [before],
    });
    const permitted = await (await open()).advance(asked);
    expect(permitted).toMatchObject({ ok: true, value: { row: { level: 10, seq: 8 } } });
  });

  test('with a seq that does not grow fell back, and is latched', async () => {
    const lie = lying({ ...versions, [SET_MARK]: [{ ...written, seq: 7 }] });
    const refused = await (await lie.open()).advance(asked);
    expect(refused).toMatchObject({ ok: false, error: { code: 'store_went_back' } });
    expect(lie.asked.at(-1)).toContain("mode = 'latched'");
  });

  test.each<[string, object]>([
    ['another payload', { digest: request({ level: 10, payload: 'B' }).digest }],
    ['another level', { level: 11 }],
    ['another round', { round: 1 }],
    ['another key', { pkh: pkhOf(2) }],
    ['another kind', { kind: 18 }],
  ])('with a reply about %s permits nothing', async (_what, change) => {
    const { open } = lying({ ...versions, [SET_MARK]: [{ ...written, ...change }] });
    await expect((await open()).advance(asked)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
