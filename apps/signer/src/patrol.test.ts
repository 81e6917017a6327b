import { expect, test } from 'vitest';
import { level } from '@meridian/tezos';
import type { Row } from '@meridian/watermark';
import { memoryJournal } from '@meridian/watermark-store';
import { Doubts } from './doubts.ts';
import { activate, activeStore, attestation, BAKER, countedKeystore } from './fixtures.ts';
import { journalOf, OTHER, signingParts } from './fixtures.ts';
import { patrol } from './patrol.ts';
import { createSigning } from './sign.ts';

/** Two signers of one site: one signs, the other one is never asked. */
async function site() {
  const kept = new Map<string, Row>();
  const store = await activeStore(kept);
  await activate(store, ['attestation'], OTHER);
  const [journal, idleJournal] = [await journalOf(store), await journalOf(store)];
  const { keystore } = countedKeystore();
  const sign = createSigning(await signingParts(store, keystore, { journal }));
  const doubts = new Doubts();
  const found: string[] = [];
  const idle = {
    ...{ store, journal: idleJournal, doubts },
    found: (row: Row, { code }: { code: string }) => found.push(`${row.kind} ${code}`),
  };
  return { kept, store, sign, idle, doubts, found, idleJournal };
}

test('an idle signer notices that the store was put back, and latches the key and no other', async () => {
  const { kept, store, sign, idle, doubts, found } = await site();
  await sign(BAKER.pkh, attestation(10));
  await store.rows();
  const earlier = new Map(kept);
  await sign(BAKER.pkh, attestation(11));
  await patrol(idle);
  expect(found).toEqual([]);
  for (const [name, row] of earlier) kept.set(name, row);
  await patrol(idle);
  expect(found).toContain('attestation store_went_back');
  const modes = (await store.rows()).map(({ pkh, mode }) => [pkh, mode]);
  expect(modes).toEqual([
    [BAKER.pkh, 'latched'],
    [BAKER.pkh, 'latched'],
    [OTHER.pkh, 'active'],
  ]);
  const [row] = await store.rows();
  expect(doubts.of(row!)?.code).toBe('store_went_back');
  expect(doubts.of({ ...row!, pkh: OTHER.pkh })).toBeUndefined();
});

test('a row that was edited is one that was edited, also after it was latched', async () => {
  const { kept, store, sign, idle, doubts, found } = await site();
  await sign(BAKER.pkh, attestation(10));
  await store.rows();
  await patrol(idle);
  const [name, row] = [...kept].find(
    ([, { pkh, kind }]) => pkh === BAKER.pkh && kind === 'attestation',
  )!;
  kept.set(name, { ...row, level: level(9) });
  await patrol(idle);
  await patrol(idle);
  expect(found).toEqual(['attestation edited_row', 'attestation store_went_back']);
  expect(doubts.of(row)?.code).toBe('edited_row');
});

test('a key all of whose rows are gone is stopped in the process', async () => {
  const { kept, idle, doubts, found } = await site();
  const [[, row]] = [...kept] as [[string, Row]];
  kept.clear();
  await patrol(idle);
  expect(found).toContain('block missing_row');
  expect(doubts.of(row)?.code).toBe('missing_row');
});

test('a signer learns from the store how far a row has counted, and never whose it is', async () => {
  const { kept, store, sign, idle, found, idleJournal } = await site();
  await sign(BAKER.pkh, attestation(10));
  const row = (await store.rows()).find(({ kind }) => kind === 'attestation')!;
  await patrol(idle);
  expect(idleJournal.known(row)?.seq).toBe(row.seq);
  for (const change of [{ epoch: 9 }, { epoch: 9, site: 'ie' }]) {
    const before = new Map(kept);
    for (const [name, each] of kept) kept.set(name, { ...each, ...change, seq: each.seq + 5 });
    await patrol(idle);
    for (const [name, each] of before) kept.set(name, each);
    expect(idleJournal.known(row)).toEqual(row);
  }
  expect(found).toEqual([]);
});

test('a row that an operator taught this signer anew meanwhile is in no doubt', async () => {
  const { store, doubts, found } = await site();
  const [row] = await store.rows();
  const journal = memoryJournal();
  journal.learn([row!]);
  // The rows are read before a release, and come after it.
  const rows = () => {
    journal.learn([{ ...row!, generation: 1, incarnation: 'second' }]);
    return Promise.resolve([]);
  };
  const idle = { store: { ...store, rows }, journal, doubts };
  await patrol({ ...idle, found: ({ kind }) => found.push(kind) });
  expect(found).toEqual([]);
  expect(doubts.of(row!)).toBeUndefined();
});

test('a row that nobody told this signer of is none of its business', async () => {
  const { idle, found } = await site();
  await patrol({ ...idle, journal: memoryJournal() });
  expect(found).toEqual([]);
});
