import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { err, ok } from '@meridian/prelude';
import { KINDS } from '@meridian/watermark';
import { changeOfRows, latch, latchKey, release } from '@meridian/watermark/administration';
import { level, round } from '@meridian/tezos';
import { activate, CHAIN, pkhOf, request, type Wish } from './fixtures.ts';
import { memoryJournal, memoryStore, openSqliteStore, type WatermarkStore } from './index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (name = 'store') => openSqliteStore(join(folder, name), memoryJournal());
const attestationRow = { chainId: CHAIN, pkh: pkhOf(1), kind: 'attestation' } as const;

/** Each change waits for the disk, and there are thousands. */
const MANY_CHANGES_MS = 60_000;

/** A small universe, so that collisions are the rule. */
const WISHES: readonly Wish[] = [9, 10, 11].flatMap(level =>
  [0, 1].flatMap(round =>
    ['A', 'B'].flatMap(payload => [
      { level, round, payload },
      { level, round, payload, holder: { epoch: 2 } },
      { level, round, payload, holder: { site: 'ie' } },
    ]),
  ),
);

describe('the contract', () => {
  test(
    'memory and SQLite give the same outcomes and rows for every pair of requests',
    { timeout: MANY_CHANGES_MS },
    async () => {
      for (const first of WISHES) {
        const memory = memoryStore();
        const sqlite = open(WISHES.indexOf(first).toString());
        for (const store of [memory, sqlite]) await activate(store);
        for (const second of WISHES) {
          for (const wish of [first, second]) {
            const [one, other] = await Promise.all(
              [memory, sqlite].map(store => store.advance(request(wish))),
            );
            expect(other).toEqual(one);
            const sealing = [memory, sqlite].map(store => store.seal(request(wish), 'sig'));
            const [sealed, alike] = await Promise.all(sealing);
            expect(alike).toEqual(sealed);
          }
        }
        expect(await sqlite.rows()).toEqual(await memory.rows());
        await sqlite.close();
      }
    },
  );

  test('of requests that arrive at once for one place, one payload wins and stays', async () => {
    const store = open();
    await activate(store);
    const wishes = ['A', 'B', 'A', 'C', 'B'].map(payload => request({ level: 10, payload }));
    const outcomes = await Promise.all(wishes.map(wish => store.advance(wish)));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true, false, false]);
    await store.close();
  });
});

test('a change that was made already is not written again', async () => {
  const store = memoryStore();
  await activate(store);
  await store.administer(attestationRow, rows => ok(latchKey(rows)));
  const [before] = await store.rows();
  await store.administer(attestationRow, rows => ok(latchKey(rows)));
  expect(await store.rows()).toEqual([before]);
});

test('a change that is refused writes nothing', async () => {
  const store = memoryStore();
  await activate(store);
  const before = await store.rows();
  expect(await store.administer(attestationRow, () => err('wrong_mode'))).toEqual(
    err('wrong_mode'),
  );
  expect(await store.rows()).toEqual(before);
});

describe.each([
  ['memory', () => memoryStore()],
  ['SQLite', () => open()],
])('what is wrong with one row, in %s,', (_medium, open) => {
  const modes = async (store: WatermarkStore) =>
    (await store.rows()).map(({ pkh, mode }) => `${pkh === pkhOf(1) ? 'mine' : 'other'} ${mode}`);

  test.each<[string, Partial<Wish>]>([
    ['other_incarnation', { holder: { incarnation: 'second' } }],
    ['store_went_back', { seenSeq: 99 }],
    ['missing_row', {}],
  ])('%s, latches every row of the key and no other', async (code, wish) => {
    const store = open();
    const kinds = code === 'missing_row' ? (['block', 'preattestation'] as const) : KINDS;
    await activate(store, 1, kinds);
    await activate(store, 2);
    // Twice: a row that is latched already stays as it is.
    for (const again of [wish, wish]) {
      const outcome = await store.advance(request({ level: 10, ...again }));
      expect(outcome).toMatchObject({ ok: false, error: { code } });
    }
    expect((await modes(store)).sort()).toEqual([
      ...kinds.map(() => 'mine latched'),
      'other active',
    ]);
    await store.close();
  });

  test('is noticed when a signature is stored, and latches every row too', async () => {
    const store = open();
    await activate(store, 1, KINDS);
    // Permitted by a store that has forgotten it since.
    const sealed = await store.seal(request({ level: 10 }), 'sig');
    expect(sealed).toMatchObject({ ok: false, error: { code: 'store_went_back' } });
    expect(await modes(store)).toEqual(KINDS.map(() => 'mine latched'));
    await store.close();
  });

  test('is not seen in a refusal that is business as usual', async () => {
    const store = open();
    await activate(store, 1, KINDS);
    await store.advance(request({ level: 10 }));
    for (const wish of [{ level: 9 }, { level: 10, payload: 'B' }]) {
      expect(await store.advance(request(wish))).toMatchObject({ ok: false });
    }
    expect(await modes(store)).toEqual(KINDS.map(() => 'mine active'));
    await store.close();
  });

  test('a signature is kept with its mark until the next one', async () => {
    const store = open();
    await activate(store);
    await store.advance(request({ level: 10 }));
    await store.seal(request({ level: 10 }), 'sig');
    expect(await store.advance(request({ level: 10 }))).toMatchObject({
      value: { signature: 'sig' },
    });
    expect(await store.advance(request({ level: 11 }))).toMatchObject({
      value: { signature: null },
    });
    await store.close();
  });
});

describe.each([
  ['memory', () => memoryStore()],
  ['SQLite', () => open()],
])('a latch of a key, in %s,', (_medium, fresh) => {
  test('stops the rows of the key whichever generation they are', async () => {
    const store = fresh();
    await activate(store, 1, KINDS);
    const key = { chainId: CHAIN, pkh: pkhOf(1) };
    const released = changeOfRows(key, ['block'], row =>
      release(latch(row), {
        floor: { level: level(50), round: round(0) },
        horizonEnd: 50,
        incarnation: 'second',
      }),
    );
    await store.administer(key, rows => ok(latchKey(rows)));
    expect(await store.administer(key, released)).toMatchObject({ ok: true });
    await store.advance(request({ level: 10, seenSeq: 99 }));
    expect((await store.rows()).map(({ mode }) => mode)).toEqual(KINDS.map(() => 'latched'));
    await store.close();
  });
});
