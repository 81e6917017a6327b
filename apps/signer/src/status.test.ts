import { describe, expect, test } from 'vitest';
import type { Row } from '@meridian/watermark';
import { StoreError } from '@meridian/watermark-store';
import { Doubts } from './doubts.ts';
import { activeStore, BAKER, CHAIN, countedKeystore, journalOf } from './fixtures.ts';
import { checksOf, type StatusParts } from './status.ts';
import type { WatchedGuard } from './watch.ts';

async function parts(given: Partial<StatusParts> = {}, guarded: Partial<WatchedGuard> = {}) {
  const store = await activeStore();
  const rows = await store.rows();
  const guard: WatchedGuard = {
    ...{ store, journal: await journalOf(store), findings: [], isShared: false },
    ...{ seen: () => rows, close: store.close, ...guarded },
  };
  const status: StatusParts = {
    keystore: countedKeystore().keystore,
    doubts: new Doubts(),
    guard: () => guard,
    vault: () => true,
    ending: new AbortController().signal,
    ...given,
  };
  return { status, rows };
}

const settled = async (checks: ReturnType<typeof checksOf>) =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await check] as const),
    ),
  );

describe('a signer is ready', () => {
  test('when store, vault and rows are well', async () => {
    const { status } = await parts();
    expect(await settled(checksOf(status))).toEqual({
      ...{ running: true, store: true, vault: true, rows: true },
    });
  });

  test('not while it stops, waits for its store, or its vault failed', async () => {
    const ending = AbortSignal.abort();
    const vault = () => 'it did not sign the last request';
    const { status } = await parts({ ending, guard: () => undefined, vault });
    expect(await settled(checksOf(status))).toMatchObject({
      running: 'it is stopping',
      store: 'it is not open',
      vault: 'it did not sign the last request',
    });
  });

  test('not when its store fails', async () => {
    const store = await activeStore();
    const probe = () => Promise.reject(new StoreError('replaced'));
    const { status } = await parts({}, { store: { ...store, probe } });
    expect((await settled(checksOf(status)))['store']).toMatch(/another file/);
  });

  test('not when its journal fails', async () => {
    const journal = await journalOf(await activeStore());
    const probe = () => {
      throw new StoreError('replaced');
    };
    const { status } = await parts({}, { journal: { ...journal, probe } });
    expect((await settled(checksOf(status)))['store']).toMatch(/another file/);
  });

  test('not with rows that are latched, in doubt or not there', async () => {
    const { status, rows } = await parts();
    const latched = rows.map((row): Row => ({ ...row, mode: 'latched' }));
    const stopped = await parts({}, { seen: () => latched });
    expect((await settled(checksOf(stopped.status)))['rows']).toBe('2 rows are latched');
    status.doubts.note({ chainId: CHAIN, pkh: BAKER.pkh, kind: 'block' }, { code: 'missing_row' });
    expect((await settled(checksOf(status)))['rows']).toMatch(/^1 keys are stopped/);
    const journal = { ...(await journalOf(await activeStore())), rows: () => [] };
    const none = await parts({}, { journal });
    expect((await settled(checksOf(none.status)))['rows']).toBe('no row was set up');
  });
});
