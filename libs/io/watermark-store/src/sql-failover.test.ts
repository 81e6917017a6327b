import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startProxy, type Proxy } from '@meridian/faults';
import {
  describeWithPostgres,
  startPostgres,
  startStandby,
  type Postgres,
} from '@meridian/faults/postgres';
import { activate, request } from './fixtures.ts';
import { CASE_MAX_MS, closeAll, freshStore, storeAt } from './sql-fixtures.ts';

vi.setConfig({ testTimeout: CASE_MAX_MS, hookTimeout: CASE_MAX_MS });

/* The stores see one address, behind which a synchronous standby takes the place of the server before. */
describeWithPostgres('a store in SQL whose server is replaced by its standby', () => {
  let [primary, standby]: Postgres[] = [];
  let proxy: Proxy;
  const target = { host: '127.0.0.1', port: 0 };
  beforeAll(async () => {
    primary = await startPostgres();
    standby = await startStandby(primary);
    target.port = primary.port;
    proxy = await startProxy({ target });
  }, CASE_MAX_MS);
  afterEach(closeAll);
  afterAll(async () => {
    await proxy.close();
    await standby?.close();
    await primary?.close();
  }, CASE_MAX_MS);

  test(
    'keeps every mark where that was allowed, and is refused where it was not, and by the server before',
    async () => {
      const { url } = await freshStore(primary!);
      const through = proxy.url(url);
      const allowed = await storeAt(through, { failover: 'synchronous' });
      const refused = await storeAt(through);
      await activate(allowed);
      const there = url.replace(`:${primary!.port}/`, `:${standby!.port}/`);
      await expect(storeAt(there)).rejects.toMatchObject({ code: 'misconfigured' });
      for (const level of [10, 11, 12]) {
        expect(await allowed.advance(request({ level }))).toMatchObject({ ok: true });
      }
      expect(await refused.advance(request({ level: 12 }))).toMatchObject({ ok: true });

      await primary!.kill();
      await standby!.promote();
      target.port = standby!.port;
      expect(await allowed.advance(request({ level: 11, payload: 'B' }))).toMatchObject({
        error: { code: 'below_mark', mark: { level: 12 } },
      });
      expect(await allowed.advance(request({ level: 13, seenSeq: 5 }))).toMatchObject({ ok: true });
      const unheard = refused.advance(request({ level: 14 }));
      await expect(unheard).rejects.toMatchObject({ code: 'other_cluster' });

      await primary!.restart();
      target.port = primary!.port;
      proxy.cut();
      const fallen = allowed.advance(request({ level: 14 }));
      await expect(fallen).rejects.toMatchObject({ code: 'other_cluster' });
    },
    CASE_MAX_MS,
  );
});
