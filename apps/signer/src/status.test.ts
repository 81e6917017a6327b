import { describe, expect, test } from 'vitest';
import type { Row } from '@meridian/watermark';
import { StoreError } from '@meridian/watermark-store';
import { Doubts } from './doubts.ts';
import {
  activeStore,
  BAKER,
  CHAIN,
  countedKeystore,
  journalOf,
  OTHER,
  OTHER_CHAIN,
} from './fixtures.ts';
import { checksOf, type StatusParts } from './status.ts';
import type { Difference, WatchedGuard } from './watch.ts';

type Key = typeof BAKER;

async function parts(given: Partial<StatusParts> = {}, guarded: Partial<WatchedGuard> = {}) {
  const store = await activeStore();
  const rows = await store.rows();
  const guard: WatchedGuard = {
    ...{ store, journal: await journalOf(store), findings: [], isShared: false },
    ...{ seen: () => rows, differing: () => [], close: store.close, ...guarded },
  };
  const status: StatusParts = {
    keystore: countedKeystore().keystore,
    chains: [CHAIN],
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
    const noted = { chainId: CHAIN, pkh: BAKER.pkh, kind: 'block', generation: 0 } as const;
    status.doubts.note(noted, { code: 'missing_row' });
    expect((await settled(checksOf(status)))['rows']).toMatch(/^1 keys are stopped/);
    const journal = { ...(await journalOf(await activeStore())), rows: () => [] };
    const none = await parts({}, { journal });
    expect((await settled(checksOf(none.status)))['rows']).toBe('no row was set up');
  });

  test('whatever became of the rows of a chain that it does not sign for', async () => {
    const store = await activeStore();
    const rows = await store.rows();
    const elsewhere = rows.map((row): Row => ({ ...row, chainId: OTHER_CHAIN, mode: 'latched' }));
    const journal = await journalOf(store);
    journal.learn(elsewhere);
    const seen = () => [...rows, ...elsewhere];
    const both = await parts({}, { journal, seen });
    expect((await settled(checksOf(both.status)))['rows']).toBe(true);
    // Nor is it of use for one that it has rows of alone.
    const differing = () => differ(rows, 'superseded');
    const one = await parts({}, { journal, seen: () => rows, differing });
    expect((await settled(checksOf(one.status)))['rows']).toMatch(/superseded/);
    const chains = [OTHER_CHAIN];
    const other = await parts({ chains }, { journal: await journalOf(store) });
    expect((await settled(checksOf(other.status)))['rows']).toBe('no row was set up');
  });

  const differ = (rows: readonly Row[], code: Difference['code']) =>
    rows.map(known => ({ known, code }));
  const NONE = 'none of its keys can sign: ';
  test.each<
    [string, (rows: readonly Row[]) => Partial<WatchedGuard>, readonly Key[], true | string]
  >([
    ['all that it knows', () => ({}), [BAKER], true],
    [
      'rows that another signer released',
      rows => ({ differing: () => differ(rows, 'superseded') }),
      [BAKER],
      `${NONE}superseded`,
    ],
    [
      'one row of its key that is as it was',
      rows => ({ differing: () => differ(rows.slice(1), 'superseded') }),
      [BAKER],
      true,
    ],
    ['keys that it was never told of', () => ({}), [OTHER], `${NONE}unknown_row`],
    ['a key that it was never told of, and another one', () => ({}), [BAKER, OTHER], true],
    [
      'a key that was released, and one that it was never told of',
      rows => ({ differing: () => differ(rows, 'superseded') }),
      [BAKER, OTHER],
      `${NONE}superseded, unknown_row`,
    ],
    ...(['standby', 'frozen', 'active'] as const).map(
      mode =>
        [
          `rows that are ${mode}`,
          (rows: readonly Row[]) => ({ seen: () => rows.map(row => ({ ...row, mode })) }),
          [BAKER],
          true,
        ] as [string, (rows: readonly Row[]) => Partial<WatchedGuard>, readonly Key[], true],
    ),
  ])('with %s: as the table says', async (_what, guarded, keys, said) => {
    const { rows } = await parts();
    const { keystore } = countedKeystore(undefined, keys);
    const { status } = await parts({ keystore }, guarded(rows));
    expect((await settled(checksOf(status)))['rows']).toBe(said);
  });
});
