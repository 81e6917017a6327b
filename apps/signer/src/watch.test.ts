import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Row } from '@meridian/watermark';
import { StoreError, type WatermarkStore } from '@meridian/watermark-store';
import { Doubts } from './doubts.ts';
import { activeStore, BAKER, CHAIN, journalOf } from './fixtures.ts';
import type { OpenGuard } from './guard.ts';
import { openWatched } from './watch.ts';

/** When a guard is of use, and what ends it, in virtual time. */
beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    }),
);
afterEach(() => void vi.useRealTimers());

const KEY = { chainId: CHAIN, pkh: BAKER.pkh };
const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
};
const pass = async (ms: number) => {
  await turns();
  await vi.advanceTimersByTimeAsync(ms);
  await turns();
};

async function watching(given: Partial<OpenGuard> = {}, wrap: Partial<WatermarkStore> = {}) {
  const kept = new Map<string, Row>();
  const real = await activeStore(kept);
  const journal = await journalOf(real);
  const store = { ...real, ...wrap };
  const doubts = new Doubts();
  const told: string[] = [];
  const ending = new AbortController();
  const opened = openWatched({
    open: () =>
      Promise.resolve({
        ...{ store, journal, findings: [], isShared: true },
        close: () => {
          told.push('closed');
          return Promise.resolve();
        },
        ...given,
      }),
    doubts,
    found: ({ kind }, { code }) => told.push(`${kind} ${code}`),
    missed: ({ code }) => told.push(`missed ${code}`),
    broken: ({ code }) => told.push(`broken ${code}`),
    ending: ending.signal,
  });
  return { kept, real, opened, doubts, told, ending };
}

describe('a guard', () => {
  test('is of use once its rows were looked at, and not before', async () => {
    const away = { rows: () => Promise.reject(new StoreError('unavailable')) };
    const { opened, told, ending } = await watching({}, away);
    let isOpen = false;
    opened.then(
      () => (isOpen = true),
      () => undefined,
    );
    for (let at = 0; at < 4; at += 1) await pass(250);
    expect(isOpen).toBe(false);
    expect(told.length).toBeGreaterThanOrEqual(4);
    expect(new Set(told)).toEqual(new Set(['missed unavailable']));
    ending.abort();
    await pass(250);
    await expect(opened).rejects.toMatchObject({ code: 'closed' });
    expect(told.at(-1)).toBe('closed');
  });

  test('is looked at again and again, until it is closed', async () => {
    const { kept, opened, doubts, told } = await watching();
    const guard = await opened;
    expect(guard.seen()).toHaveLength(2);
    kept.clear();
    await pass(2_000);
    expect(told).toEqual(['block missing_row', 'attestation missing_row']);
    expect(guard.seen()).toEqual([]);
    const differing = guard.differing().map(({ known, code }) => `${known.kind} ${code}`);
    expect(differing).toEqual(['block missing_row', 'attestation missing_row']);
    expect(doubts.of(KEY)?.code).toBe('missing_row');
    await guard.close();
    await pass(6_000);
    expect(told).toEqual(['block missing_row', 'attestation missing_row', 'closed']);
  });

  test('tells of rows that another signer released, until it is told of them itself', async () => {
    const { kept, opened, doubts } = await watching();
    const { differing, journal } = await opened;
    const released = [...kept.values()].map(row => ({ ...row, generation: row.generation + 1 }));
    for (const [name, row] of [...kept.keys()].map((each, at) => [each, released[at]!] as const))
      kept.set(name, row);
    await pass(2_000);
    expect(differing().map(({ code }) => code)).toEqual(['superseded', 'superseded']);
    expect(doubts.count()).toBe(0);
    journal.learn(released);
    await pass(2_000);
    expect(differing()).toEqual([]);
  });

  test('of one process alone that fails is broken for good, and that is told', async () => {
    let isAway = false;
    const kept = await activeStore();
    const rows = () => (isAway ? Promise.reject(new StoreError('replaced')) : kept.rows());
    const { opened, told } = await watching({ isShared: false }, { rows });
    await opened;
    isAway = true;
    await pass(2_000);
    expect(told).toEqual(['missed replaced', 'broken replaced']);
  });

  test.each(['overloaded', 'mistake'] as const)('that is %s for once is not broken', async code => {
    let isBusy = false;
    const kept = await activeStore();
    const rows = () => (isBusy ? Promise.reject(new StoreError(code)) : kept.rows());
    const { opened, told } = await watching({ isShared: false }, { rows });
    await opened;
    isBusy = true;
    await pass(2_000);
    expect(told).toEqual([`missed ${code}`]);
  });

  test('whose journal is broken is broken, also where its store is shared', async () => {
    const journal = await journalOf(await activeStore());
    let isBroken = false;
    const probe = () => {
      if (isBroken) throw new StoreError('replaced');
    };
    const { opened, told } = await watching({ journal: { ...journal, probe } });
    await opened;
    isBroken = true;
    await pass(2_000);
    expect(told).toEqual(['broken replaced']);
  });

  test('that was not what its journal knew when it was opened stops the key', async () => {
    const [known] = await (await activeStore()).rows();
    const findings = [{ code: 'edited_row', known: known!, stored: known! }] as const;
    const { opened, doubts, told } = await watching({ findings });
    await opened;
    expect(told).toContain('block edited_row');
    expect(doubts.of(KEY)?.code).toBe('edited_row');
  });
});
