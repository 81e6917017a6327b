import { describe, expect, test } from 'vitest';
import type { Row } from '@meridian/watermark';
import type { WatermarkStore } from '@meridian/watermark-store';
import { activeStore, attestation, BAKER, block, countedKeystore } from './fixtures.ts';
import { journalOf, signingParts } from './fixtures.ts';
import { createSigning } from './sign.ts';

/** What a signer knows of its rows outside the store (rules 5 and 8), seen in what it refuses. */
async function signing(store: WatermarkStore, given: Parameters<typeof signingParts>[2] = {}) {
  const { keystore, used } = countedKeystore();
  const parts = await signingParts(store, keystore, given);
  const route = createSigning(parts);
  return { ask: (bytes: Uint8Array) => route(BAKER.pkh, bytes), used, parts };
}

const refused = (code: string) => ({ ok: false, error: { code } });

/** A store on a disk that can be put back: `kept` is the disk. */
async function disk() {
  const kept = new Map<string, Row>();
  const store = await activeStore(kept);
  const change = (kind: string, changes: Partial<Row>) => {
    const [name, row] = [...kept].find(([, each]) => each.kind === kind)!;
    kept.set(name, { ...row, ...changes });
  };
  const putBack = (earlier: ReadonlyMap<string, Row>) => {
    for (const [name, row] of earlier) kept.set(name, row);
  };
  return { kept, store, change, putBack };
}

describe('a store that was put back under a signer is noticed', () => {
  test('after a vote', async () => {
    const { kept, store, putBack } = await disk();
    const { ask, used } = await signing(store);
    await ask(attestation(10));
    const earlier = new Map(kept);
    expect(await ask(attestation(11))).toMatchObject({ ok: true });
    putBack(earlier);
    expect(await ask(attestation(11, 2))).toMatchObject(refused('store_went_back'));
    expect(used()).toBe(2);
    expect((await store.rows()).map(({ mode }) => mode)).toEqual(['latched', 'latched']);
  });

  test('by a signer that was started since', async () => {
    const { kept, store, putBack } = await disk();
    const first = await signing(store);
    await first.ask(attestation(10));
    const earlier = new Map(kept);
    expect(await first.ask(attestation(11))).toMatchObject({ ok: true });
    await store.rows();
    const journal = await journalOf(store);
    putBack(earlier);
    const next = await signing(store, { journal });
    expect(await next.ask(attestation(11, 2))).toMatchObject(refused('store_went_back'));
  });

  test.each([
    ['a block', block],
    ['a vote', attestation],
  ])('by the signature of %s alone', async (_what, bytesOf) => {
    const { kept, store, putBack } = await disk();
    const earlier = new Map<string, Row>();
    const watched: WatermarkStore = {
      ...store,
      seal: (...given) => {
        for (const [name, row] of kept) earlier.set(name, row);
        return store.seal(...given);
      },
    };
    const { ask } = await signing(watched);
    expect(await ask(bytesOf(10))).toMatchObject({ ok: true });
    await store.rows();
    putBack(earlier);
    expect(await ask(bytesOf(11))).toMatchObject(refused('store_went_back'));
  });

  test('where its rows are gone, also after they have come back', async () => {
    const { kept, store, putBack } = await disk();
    const { ask, used } = await signing(store);
    const earlier = new Map(kept);
    kept.clear();
    expect(await ask(attestation(10))).toMatchObject(refused('missing_row'));
    putBack(earlier);
    expect(await ask(attestation(11))).toMatchObject(refused('missing_row'));
    expect(used()).toBe(0);
  });

  test('though an older answer of it came late', async () => {
    const { kept, store, putBack } = await disk();
    let let_go = (): void => undefined;
    const held = new Promise<void>(resolve => (let_go = resolve));
    const late: WatermarkStore = {
      ...store,
      seal: async (...given) => {
        const sealed = await store.seal(...given);
        await held;
        return sealed;
      },
    };
    const { ask } = await signing(late);
    await ask(attestation(10));
    await store.rows();
    const earlier = new Map(kept);
    await ask(attestation(11));
    let_go();
    await store.rows();
    putBack(earlier);
    expect(await ask(attestation(11, 2))).toMatchObject(refused('store_went_back'));
  });
});

test('what was seen of one kind says nothing of another', async () => {
  const { store } = await disk();
  const { ask } = await signing(store);
  for (let level = 10; level < 15; level += 1) await ask(attestation(level));
  expect(await ask(block(10))).toMatchObject({ ok: true });
});

describe('a permission that contradicts what is known', () => {
  test.each([
    ['below the known place', 10],
    ['at the known place', 11],
  ])('%s is none, however far the row has counted', async (_what, level) => {
    const { store, change } = await disk();
    const { ask, used, parts } = await signing(store);
    expect(await ask(attestation(11))).toMatchObject({ ok: true });
    const [stopped] = await store.rows();
    change('attestation', { level: 9 as Row['level'], digest: null, bytes: null, signature: null });
    change('attestation', { seq: 99 });
    expect(await ask(attestation(level, 2))).toMatchObject({ ok: false });
    expect(parts.doubts.of(stopped!)).toBeDefined();
    expect(await ask(attestation(12))).toMatchObject({ ok: false });
    expect(used()).toBe(1);
    expect((await store.rows()).map(({ mode }) => mode)).toEqual(['latched', 'latched']);
  });

  test('is none either when it was a refusal that told of the known place', async () => {
    const { kept, store, putBack } = await disk();
    const [one, other] = [await signing(store), await signing(store)];
    await store.rows();
    const earlier = new Map(kept);
    await one.ask(attestation(10));
    expect(await other.ask(attestation(10, 2))).toMatchObject(refused('conflicting_vote'));
    putBack(earlier);
    expect(await other.ask(attestation(10, 2))).toMatchObject(refused('store_went_back'));
    expect(other.used()).toBe(0);
  });

  test('stops nothing where an operator released the row since', async () => {
    const { store, change } = await disk();
    const { ask } = await signing(store);
    change('attestation', { incarnation: 'second', generation: 1, seq: 3 });
    expect(await ask(attestation(10))).toMatchObject(refused('superseded'));
    expect((await store.rows()).map(({ mode }) => mode)).toEqual(['active', 'active']);
  });

  test('of a foreign store stops nothing there', async () => {
    const { store, change } = await disk();
    const journal = await journalOf(store);
    for (const kind of ['block', 'attestation'])
      change(kind, { site: 'ie', incarnation: 'theirs', seq: 1 });
    const { ask } = await signing(store, { journal });
    expect(await ask(attestation(10))).toMatchObject(refused('fenced'));
    expect((await store.rows()).map(({ mode }) => mode)).toEqual(['active', 'active']);
  });
});

describe('whose a row is', () => {
  test('is not learnt from the row: another epoch in it permits nothing', async () => {
    const { store, change } = await disk();
    const { ask, used } = await signing(store);
    change('attestation', { epoch: 7, seq: 99 });
    expect(await ask(attestation(10))).toMatchObject(refused('fenced'));
    expect(used()).toBe(0);
  });

  test('is not learnt from the row: a row of another site permits nothing, whatever its epoch', async () => {
    const { store } = await disk();
    const { ask, used } = await signing(store, { site: 'ie' });
    expect(await ask(attestation(10))).toMatchObject(refused('fenced'));
    expect(used()).toBe(0);
  });

  test('is not learnt from the row: one that woke in the store alone permits nothing', async () => {
    const { store, change } = await disk();
    const journal = await journalOf(store);
    const row = journal.rows().find(({ kind }) => kind === 'attestation')!;
    journal.learn([{ ...row, mode: 'standby' }]);
    change('attestation', { seq: 99 });
    const { ask, used } = await signing(store, { journal });
    expect(await ask(attestation(10))).toMatchObject(refused('standby'));
    expect(used()).toBe(0);
  });

  test('ends with its incarnation', async () => {
    const { store, change } = await disk();
    const { ask, used } = await signing(store);
    change('attestation', { incarnation: 'second', seq: 99 });
    expect(await ask(attestation(10))).toMatchObject(refused('other_incarnation'));
    expect(used()).toBe(0);
  });

  test('is asked of the store again once an operator has acted', async () => {
    const { store, change } = await disk();
    const { ask, parts } = await signing(store);
    change('attestation', { incarnation: 'second', seq: 99 });
    await ask(attestation(10));
    change('attestation', { incarnation: 'first', mode: 'active' });
    expect(await ask(attestation(10))).toMatchObject(refused('other_incarnation'));
    const [row] = await store.rows();
    parts.doubts.end(row!);
    expect(await ask(attestation(10))).toMatchObject({ ok: true });
  });
});
