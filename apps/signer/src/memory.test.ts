import { describe, expect, test } from 'vitest';
import type { Row } from '@meridian/watermark';
import { memoryStore, type WatermarkStore } from '@meridian/watermark-store';
import { activate, activeStore, attestation, BAKER, block, CHAIN } from './fixtures.ts';
import { countedKeystore } from './fixtures.ts';
import { createSigning } from './sign.ts';

/** What a process remembers of the rows between requests (rule 8), seen in what it refuses. */
function signing(store: () => WatermarkStore) {
  const { keystore, used } = countedKeystore();
  const route = createSigning({
    chainId: CHAIN,
    keystore,
    store,
    observe: () => undefined,
    unsealed: () => undefined,
  });
  return { ask: (bytes: Uint8Array) => route(BAKER.pkh, bytes), used };
}

const refused = (code: string) => ({ ok: false, error: { code } });

/** A store on a disk that can be put back: `kept` is the disk. */
async function disk() {
  const kept = new Map<string, Row>();
  const store = await activeStore(kept);
  const rowOf = (kind: string) => [...kept].find(([, row]) => row.kind === kind)!;
  const change = (kind: string, changes: Partial<Row>) => {
    const [name, row] = rowOf(kind);
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
    const { ask, used } = signing(() => store);
    await ask(attestation(10));
    const earlier = new Map(kept);
    expect(await ask(attestation(11))).toMatchObject({ ok: true });
    putBack(earlier);
    expect(await ask(attestation(11, 2))).toMatchObject(refused('store_went_back'));
    expect(used()).toBe(2);
    expect((await store.rows()).map(({ mode }) => mode)).toEqual(['latched', 'latched']);
  });

  test.each([
    ['a block', block(10)],
    ['a vote', attestation(10)],
  ])('by the signature of %s alone', async (_what, bytes) => {
    const { kept, store, putBack } = await disk();
    const earlier = new Map<string, Row>();
    const watched: WatermarkStore = {
      ...store,
      seal: (...given) => {
        for (const [name, row] of kept) earlier.set(name, row);
        return store.seal(...given);
      },
    };
    const { ask } = signing(() => watched);
    expect(await ask(bytes)).toMatchObject({ ok: true });
    await store.rows();
    putBack(earlier);
    expect(await ask(bytes)).toMatchObject(refused('store_went_back'));
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
    const { ask } = signing(() => late);
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
  const { ask } = signing(() => store);
  for (let level = 10; level < 15; level += 1) await ask(attestation(level));
  expect(await ask(block(10))).toMatchObject({ ok: true });
});

test('a row that was made anew is another one, also when the rows of the key were read again', async () => {
  const kept = new Map<string, Row>();
  const store = memoryStore(kept);
  await activate(store, ['attestation']);
  const { ask, used } = signing(() => store);
  expect(await ask(attestation(10))).toMatchObject({ ok: true });
  const [[name, row]] = [...kept] as [[string, Row]];
  kept.set(name, { ...row, incarnation: 'second', seq: row.seq + 9 });
  // There is no row of blocks, so the rows are read.
  expect(await ask(block(10))).toMatchObject(refused('missing_row'));
  expect(await ask(attestation(11))).toMatchObject(refused('other_incarnation'));
  expect(used()).toBe(1);
});

test('a store that takes the place of another one is learnt anew', async () => {
  const stores = [
    await activeStore(),
    await disk().then(({ store, change }) => {
      change('attestation', { incarnation: 'second' });
      return store;
    }),
  ] as const;
  let at: 0 | 1 = 0;
  const { ask } = signing(() => stores[at]);
  for (const level of [10, 11, 12])
    expect(await ask(attestation(level))).toMatchObject({ ok: true });
  at = 1;
  expect(await ask(attestation(13))).toMatchObject({ ok: true });
});
