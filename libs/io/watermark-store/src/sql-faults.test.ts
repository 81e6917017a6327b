import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startProxy, type Proxy } from '@meridian/faults';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { activate, CHAIN, pkhOf, request } from './fixtures.ts';
import type { WatermarkStore } from './index.ts';
import { CASE_MAX_MS, closeAll, freshStore, storeAt } from './sql-fixtures.ts';

vi.setConfig({ testTimeout: CASE_MAX_MS, hookTimeout: CASE_MAX_MS });

/** The statement that permits, and the one that stores a signature. */
const ADVANCES = /SET level = /;
const SEALS = /SET sig = /;

/* What signer.md E.5 says of errors, with a proxy between store and server that makes them. */
describeWithPostgres('a store in SQL whose server', () => {
  let postgres: Postgres;
  let proxy: Proxy;
  let store: WatermarkStore;
  let sql: Awaited<ReturnType<typeof freshStore>>['sql'];
  let through = '';
  beforeAll(async () => {
    postgres = await startPostgres();
    const target = { host: '127.0.0.1', port: postgres.port };
    proxy = await startProxy({ target, protocol: 'postgres' });
  }, CASE_MAX_MS);
  beforeEach(async () => {
    const fresh = await freshStore(postgres);
    sql = fresh.sql;
    through = proxy.url(fresh.url);
    store = await storeAt(through);
    await activate(store);
  });
  afterEach(async () => {
    await proxy.heal();
    await closeAll();
  });
  afterAll(async () => {
    await proxy.close();
    await postgres.close();
  }, CASE_MAX_MS);

  const asked = request({ level: 10 });
  const row = async () => (await sql('SELECT level, seq, sig, mode FROM watermark'))[0];

  test.each([
    ['fails a serialisation', { sqlstate: '40001', when: 'before' }, 1],
    ['times out at a lock', { sqlstate: '55P03', when: 'before' }, 1],
    ['has no connection left', { sqlstate: '53300', when: 'before' }, 1],
    ['is ambiguous before it does it', { sqlstate: '40003', when: 'before' }, 1],
    ['is ambiguous after it did it', { sqlstate: '40003', when: 'after' }, 2],
    ['times out after it did it', { sqlstate: '57014', when: 'after' }, 2],
    ['shuts down before it does it', { sqlstate: '57P01', when: 'before', fatal: true }, 1],
    ['shuts down after it did it', { sqlstate: '57P01', when: 'after', fatal: true }, 2],
    ['loses the connection before it does it', { cut: 'before' }, 1],
    ['loses the connection after it did it', { cut: 'after' }, 2],
  ] as const)('%s is asked the same again', async (_what, fault, times) => {
    const strikes = proxy.onStatement(ADVANCES, fault);
    const permitted = await store.advance(asked);
    expect(strikes.count()).toBe(1);
    expect(permitted).toMatchObject({ ok: true, value: { row: { digest: asked.digest } } });
    // Two rows written by the activation are seq 0 and 1.
    expect(await row()).toMatchObject({ level: 10, seq: 1 + times, mode: 'active' });
    expect(await store.advance(request({ level: 10, payload: 'B' }))).toMatchObject({ ok: false });
  });

  test('loses the reply for a block spends its place: nobody can tell who was to sign it', async () => {
    await activate(store, 2, ['block']);
    const block = { ...request({ level: 10, key: 2 }), kind: 'block', bytes: null } as const;
    proxy.onStatement(ADVANCES, { cut: 'after' });
    expect(await store.advance(block)).toMatchObject({ ok: false, error: { code: 'block_spent' } });
    proxy.onStatement(ADVANCES, { cut: 'before' });
    const next = { ...block, level: request({ level: 11 }).level };
    expect(await store.advance(next)).toMatchObject({ ok: true });
    proxy.onStatement(SEALS, { sqlstate: '40003', when: 'after' });
    expect(await store.seal(next, 'sig')).toMatchObject({ ok: true, value: { signature: 'sig' } });
  });

  test('is lost when a signature is stored, stores it once', async () => {
    await store.advance(asked);
    proxy.onStatement(SEALS, { cut: 'after' });
    expect(await store.seal(asked, 'sig')).toMatchObject({ ok: true });
    expect(await row()).toMatchObject({ sig: 'sig', seq: 4 });
  });

  test('keeps on failing is unavailable by the deadline', async () => {
    const hasty = await storeAt(through, {}, { deadlineMs: 300, attemptMs: 100 });
    proxy.onStatement(ADVANCES, { sqlstate: '40001', when: 'before' }, { next: 1_000 });
    await expect(hasty.advance(asked)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await row()).toMatchObject({ level: 9, seq: 1 });
  });

  test('goes silent is unavailable by the deadline, and asked again after', async () => {
    const hasty = await storeAt(through, {}, { deadlineMs: 400, attemptMs: 150 });
    proxy.blackhole();
    const refused = hasty.advance(asked);
    await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
    // What was held passes now, when nobody waits for it any more.
    await proxy.heal();
    await expect
      .poll(
        () =>
          hasty.advance(asked).then(
            ({ ok }) => ok,
            () => false,
          ),
        { timeout: CASE_MAX_MS },
      )
      .toBe(true);
    expect((await store.read(CHAIN, pkhOf(1)))[0]).toMatchObject({ level: 10 });
  });

  test('takes no connections is unavailable by the deadline, and says nothing of the URL', async () => {
    const secret = through.replace('postgres@', 'postgres:s3cret@');
    const hasty = await storeAt(secret, {}, { deadlineMs: 200, attemptMs: 100 });
    proxy.refuse();
    proxy.cut();
    const failure = await hasty.advance(asked).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect(`${failure?.stack ?? ''}${String(failure?.cause)}`).not.toContain('s3cret');
  });

  test('fails while a key is latched is asked again', async () => {
    const latching = proxy.onStatement(/SET latched_from/, { cut: 'after' });
    const refused = await store.advance(request({ level: 10, seenSeq: 99 }));
    expect(refused).toMatchObject({ error: { code: 'store_went_back' } });
    expect(latching.count()).toBe(1);
    expect(await row()).toMatchObject({ mode: 'latched', seq: 2 });
  });

  test('fails while the reason is read gives the reason all the same', async () => {
    proxy.onStatement(/^SELECT .* AND kind = /, { cut: 'after' });
    const refused = await store.advance(request({ level: 9 }));
    expect(refused).toMatchObject({ ok: false, error: { code: 'below_mark' } });
  });
});
