import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toBase58 } from '@meridian/tezos';
import { memoryJournal, memoryStore } from '@meridian/watermark-store';
import { KINDS } from '@meridian/watermark';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Row } from '@meridian/watermark';

import { openAudit } from '../audit.ts';
import { verifyAudit } from '../audit/verify.ts';
import { activeStore, BAKER, CHAIN, OTHER, OTHER_CHAIN } from '../fixtures.ts';
import { ACTIONS, perform, statusOf } from './actions.ts';
import { ADMIN_REFUSALS } from './errors.ts';
import { ALL, BEYOND, evidence, fileOf, HEAD, NOW, openOffice } from './fixtures.ts';
import type { Office } from './fixtures.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

let office: Office;
beforeEach(() => {
  office = openOffice();
});
afterEach(() => office.close());

const init = (other: object = {}): Promise<string> =>
  office.refusal('init', { evidence: evidence(), ...other });
const known = (): readonly Row[] => office.store().journal.rows();

describe('raise', () => {
  test('moves marks up in whatever mode they are, never down, and the same floor again changes nothing', async () => {
    await init();
    const to = (at: number): Promise<string> =>
      office.refusal('raise', { ...ALL, floor: { level: at } });
    expect(await to(150)).toBe('done');
    expect(await to(150)).toBe('done');
    expect(await to(149)).toBe('would_lower_mark');
    expect((await office.rows()).map(row => [row.level, row.mode, row.seq])).toEqual(
      Array.from({ length: 3 }, () => [150, 'standby', 1]),
    );
    expect(known().map(row => row.level)).toEqual([150, 150, 150]);
  });

  test('is refused for rows that are not there, and for rows that this signer was never told of', async () => {
    expect(await office.refusal('raise', { ...ALL, floor: { level: 150 }, far: true })).toBe(
      'not_provisioned',
    );
    const store = await activeStore();
    const { journal } = office.store();
    const stranger = openOffice({ open: () => ({ store, journal }) });
    const asked = { ...ALL, floor: { level: 150 }, far: true, kinds: ['attestation'] };
    expect(await stranger.refusal('raise', asked)).toBe('unknown_row');
    await stranger.close();
  });
});

describe('show', () => {
  test('shows rows beside what is known, and what is wrong', async () => {
    await init({ kinds: ['attestation', 'block'] });
    const { journal } = office.store();
    const key = { chainId: CHAIN, pkh: BAKER.pkh };
    const [row] = journal.rows().filter(({ kind }) => kind === 'block');
    journal.learn([{ ...(row ?? expect.fail()), seq: 9 }]);
    const shown = await office.ask('show');
    expect(shown).toMatchObject({
      site: 'us',
      horizon: { base_level: HEAD, first_level_beyond: BEYOND },
      keys: [{ findings: [{ kind: 'block', code: 'store_went_back' }] }],
    });
    expect(key).toBeDefined();
  });

  test('shows rows that this signer was never told of, without learning them', async () => {
    const store = await activeStore();
    const { journal } = office.store();
    const stranger = { ...office.desk, open: () => ({ store, journal }) };
    const shown = await perform(stranger, 'show', {});
    expect(shown.keys[0]?.['findings']).toEqual([
      { kind: 'block', code: 'unknown_row' },
      { kind: 'attestation', code: 'unknown_row' },
    ]);
    expect(shown['horizon']).toBeNull();
    expect(journal.rows()).toEqual([]);
  });
});

describe('every action', () => {
  test('refuses rows that the journal does not recognise, before it changes any', async () => {
    await init();
    const { journal } = office.store();
    journal.learn(journal.rows().map(row => ({ ...row, incarnation: 'another' })));
    const before = await office.rows();
    const floor = { level: 5_000 };
    expect(await office.refusal('raise', { ...ALL, floor })).toBe('untrusted_row');
    expect(await init({ ...ALL, first_use: true, by: 'ann' })).toBe('untrusted_row');
    const file = JSON.stringify(await fileOf(row => row));
    expect(await office.refusal('import', { file })).toBe('untrusted_row');
    expect(await office.rows()).toEqual(before);
  });

  test('says which of its arguments is wrong, and takes no others', async () => {
    const asked: readonly (readonly [string, object, string])[] = [
      ['init', {}, 'evidence'],
      ['raise', { ...ALL, floor: { level: -1 } }, 'floor.level'],
      ['raise', { ...ALL, floor: { level: 1, more: 1 } }, 'floor.more'],
      ['raise', { ...ALL, floor: { level: 1 }, kinds: ['endorsement'] }, 'kinds[0]'],
      ['show', { keys: ['tz1'] }, 'keys[0]'],
      ['show', { keys: [OTHER.pkh] }, 'keys[0]'],
      ['show', { chain: OTHER_CHAIN }, 'chain'],
      ['latch', { ...ALL, by: 'a b' }, 'by'],
      [
        'release',
        { ...ALL, floor: { level: 1 }, evidence: { ...evidence(), nodes: 'a' } },
        'evidence.nodes',
      ],
      ['import', { floors: [{}], unsigned: true, by: 'x' }, 'floors[0].chain_id'],
      ['adopt', { ...ALL, epoch: 1.5 }, 'epoch'],
      ['export', { all: true }, 'all'],
    ];
    for (const [action, args, field] of asked)
      await expect(office.ask(action, args)).rejects.toMatchObject({ name: 'AdminError', field });
    expect(await office.rows()).toEqual([]);
  });

  test.each<readonly [string, object]>([
    ['raise', { floor: { level: 150 } }],
    ['latch', {}],
    ['release', { floor: { level: BEYOND }, evidence: evidence() }],
    ['adopt', { epoch: 0 }],
  ])(
    '%s that changes rows is about keys that are named, or about all by that word',
    async (action, args) => {
      await init();
      const before = await office.rows();
      for (const choice of [{}, { all: true, keys: [BAKER.pkh] }])
        await expect(office.ask(action, { ...args, ...choice })).rejects.toMatchObject({
          ...{ code: 'malformed', field: 'keys' },
          message: expect.stringMatching(/--key ADDRESS.*--all/) as string,
        });
      await expect(office.ask(action, { ...args, all: false })).rejects.toThrow();
      expect(await office.rows()).toEqual(before);
      expect(office.audited).toEqual(['watermark.init.asked', 'watermark.init.done']);
    },
  );

  test('takes any nonsense for what it is', async () => {
    for (const { name } of ACTIONS)
      for (const nonsense of [null, 7, 'x', [], { chain: 7 }, { keys: [] }, { floor: null }])
        await expect(perform(office.desk, name, nonsense)).rejects.toMatchObject({
          code: 'malformed',
        });
    expect(await office.refusal('nothing')).toBe('unknown_action');
  });

  test('a signer with several chains has to be told which', async () => {
    const two = { ...office.desk, chains: [CHAIN, OTHER_CHAIN] };
    await expect(perform(two, 'show', {})).rejects.toMatchObject({
      code: 'malformed',
      field: 'chain',
    });
    expect((await perform(two, 'show', { chain: OTHER_CHAIN })).keys).toHaveLength(1);
  });

  test('waits for nothing where the store is not held, or broke', async () => {
    const waiting = { ...office.desk, open: () => undefined };
    for (const [name, args] of [
      ['show', {}],
      ['raise', { ...ALL, floor: { level: 1 }, far: true }],
    ] as const)
      await expect(perform(waiting, name, args)).rejects.toMatchObject({
        code: 'store_unavailable',
      });
    await office.store().close();
    const broken = office.refusal('raise', { ...ALL, floor: { level: 1 }, far: true });
    expect(await broken).toBe('store_unavailable');
    await expect(office.ask('show')).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('one key that is refused does not keep the others from it, and the answer says so', async () => {
    const both = { ...office.desk, keys: () => [BAKER.pkh, OTHER.pkh] };
    await perform(both, 'init', { evidence: evidence(), keys: [OTHER.pkh] });
    const outcome = await perform(both, 'raise', { ...ALL, floor: { level: 150 } });
    expect(outcome.keys).toMatchObject([
      { public_key_hash: BAKER.pkh, refused: { code: 'not_provisioned' } },
      { public_key_hash: OTHER.pkh, rows: [{ level: 150 }, { level: 150 }, { level: 150 }] },
    ]);
    expect(statusOf(outcome)).toBe(409);
  });

  test('is written down before it is done; where that fails, nothing is done', async () => {
    const events: string[] = [];
    const desk = {
      ...office.desk,
      audit: (event: string) => {
        events.push(event);
        throw new Error('the disk is full');
      },
    };
    const asked = perform(desk, 'init', { evidence: evidence() });
    await expect(asked).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect(events).toEqual(['watermark.init.asked']);
    expect(await office.rows()).toEqual([]);
  });

  test('that was done is told as done, and a refusal as what it is, where neither can be written down', async () => {
    const deafAfter = (heard: string) => ({
      ...office.desk,
      audit: (event: string) => {
        if (!event.endsWith(heard)) throw new Error('the disk is full');
      },
    });
    const done = await perform(deafAfter('asked'), 'init', { evidence: evidence() });
    expect(done).toMatchObject({ audit: 'not_written', keys: [{ rows: [{}, {}, {}] }] });
    const refused = perform(deafAfter('asked'), 'import', { file: '{' });
    const code = await refused.catch((error: unknown) => (error as { readonly code: string }).code);
    expect(code).not.toBe('audit_unavailable');
  });

  test('of an emergency is done though it cannot be written down', async () => {
    await init();
    const audit = () => {
      throw new Error('the disk is full');
    };
    const done = await perform({ ...office.desk, audit }, 'latch', ALL);
    expect(done).toMatchObject({ audit: 'not_written' });
    expect((await office.rows()).map(({ mode }) => mode)).toEqual(KINDS.map(() => 'latched'));
  });

  test('is written down when it is refused', async () => {
    await office.refusal('export', {});
    await office.refusal('import', { file: '{' });
    expect(office.audited.slice(-2)).toEqual([
      'watermark.import.asked',
      'watermark.import.refused',
    ]);
  });

  test('every code has a status and a meaning', () => {
    for (const { status, meaning } of Object.values(ADMIN_REFUSALS)) {
      expect([400, 404, 409, 500, 503]).toContain(status);
      expect(meaning.length).toBeGreaterThan(15);
    }
  });
});

test('an action of 500 keys is written down with all of them, a line for each, under one name', async () => {
  const [store, journal, path] = [memoryStore(), memoryJournal(), join(office.folder, 'audit')];
  const held = Array.from({ length: 500 }, (_, at) =>
    toBase58('tz1', Uint8Array.of(...new Uint8Array(18), at >> 8, at)),
  );
  const audit = openAudit(path, () => NOW);
  const desk = {
    ...office.desk,
    ...{ keys: () => held, audit: audit.record, open: () => ({ store, journal }) },
  };
  const use = held.map(key => ({
    public_key_hash: key,
    ...{ from: 61, to: HEAD, nodes: ['http://10.0.0.1:8732', 'http://10.1.0.1:8732'], found: [] },
  }));
  const twice = { ...use[0]!, to: HEAD - 1 };
  const given = {
    evidence: evidence({ use: [...use, twice] }),
    keys: held,
    first_use: true,
    by: 'ann',
  };
  await perform(desk, 'init', given);
  await perform(desk, 'latch', ALL);
  await perform(desk, 'raise', { keys: held, floor: { level: 1 } });
  audit.close();
  expect((await verifyAudit(path)).broken).toBeUndefined();
  type Line = { event: string; fields: { request: string; public_key_hash?: string; rows?: [] } };
  const texts = readFileSync(path, 'utf8').trimEnd().split('\n');
  const lines = texts.map(text => JSON.parse(text) as Line);
  expect(Math.max(...texts.map(text => text.length))).toBeLessThan(4_096);
  const keysOf = (event: string) =>
    lines.filter(line => line.event === event).map(({ fields }) => fields.public_key_hash);
  for (const event of ['init.asked', 'init.done', 'latch.done', 'raise.asked', 'raise.done'])
    expect(keysOf(`watermark.${event}.key`), event).toEqual(held);
  const asked = lines.find(({ event }) => event === 'watermark.init.asked.key');
  expect(asked?.fields).toMatchObject({ use: [use[0], twice] });
  const done = lines.find(({ event }) => event === 'watermark.init.done.key');
  expect(done?.fields.rows).toHaveLength(3);
  const requests = (name: string) =>
    new Set(lines.flatMap(({ event, fields }) => (event.includes(name) ? fields.request : [])));
  expect(['init', 'latch', 'raise'].map(name => requests(name).size)).toEqual([1, 1, 1]);
  expect(requests('watermark').size).toBe(3);
  expect(
    lines.filter(({ event }) => !event.endsWith('.key')).map(({ fields }) => fields),
  ).toMatchObject([
    { keys: 500, by: 'ann', evidence: { use: 501 } },
    { keys: 500, refused: 0 },
    {},
    { keys: 500, refused: 0 },
    { keys: 500 },
    { keys: 500, refused: 500 },
  ]);
});

test('after a restart the journal knows all that administration did', async () => {
  await init({ ...ALL, first_use: true, by: 'ann' });
  await office.ask('raise', { ...ALL, floor: { level: 300 } });
  await office.store().close();
  const again = openOffice({}, office.folder);
  expect(again.store().findings).toEqual([]);
  expect(
    again
      .store()
      .journal.rows()
      .map(row => [row.level, row.epoch]),
  ).toEqual(Array.from({ length: 3 }, () => [300, 1]));
  await again.close();
});

test('the journal is told of every change, also where the store does not tell it', async () => {
  const [store, journal] = [memoryStore(), memoryJournal()];
  const there = openOffice({ open: () => ({ store, journal }) });
  const floors = KINDS.map(kind => ({
    ...{ chain_id: CHAIN, public_key_hash: BAKER.pkh, kind, level: 120, round: 0 },
  }));
  const steps: readonly (readonly [string, object])[] = [
    ['init', { evidence: evidence() }],
    ['import', { floors, unsigned: true, by: 'ann' }],
    ['raise', { ...ALL, floor: { level: 130 } }],
    ['latch', ALL],
    ['release', { ...ALL, floor: { level: 140 }, evidence: evidence() }],
  ];
  for (const [action, args] of steps) {
    expect({ action, done: await there.refusal(action, args) }).toEqual({ action, done: 'done' });
    const known = [...journal.rows()].sort((a, b) => (a.kind < b.kind ? -1 : 1));
    const stored = [...(await store.rows())].sort((a, b) => (a.kind < b.kind ? -1 : 1));
    expect({ action, known }).toEqual({ action, known: stored });
  }
  await there.close();
});

test('whose a row is, is learnt from no change that was none', async () => {
  const [store, journal, peer] = [memoryStore(), memoryJournal(), memoryJournal()];
  const [here, there] = [journal, peer].map(of =>
    openOffice({ open: () => ({ store, journal: of }) }),
  ) as [Office, Office];
  await here.ask('init', { evidence: evidence() });
  peer.learn(await store.rows());
  const floor = { level: 120, round: 0 };
  await here.ask('init', { ...ALL, evidence: evidence(), floor, first_use: true, by: 'ann' });
  // The same floor again changes nothing there.
  await there.refusal('raise', { ...ALL, floor });
  expect(peer.rows().map(({ mode, epoch }) => [mode, epoch])).toEqual(
    KINDS.map(() => ['standby', 0]),
  );
  await here.close();
  await there.close();
});

test('the journal is told of a first use, also where the store does not tell it', async () => {
  const [store, journal] = [memoryStore(), memoryJournal()];
  const there = openOffice({ open: () => ({ store, journal }) });
  await there.ask('init', { ...ALL, evidence: evidence(), first_use: true, by: 'ann' });
  expect(journal.rows().map(({ mode, epoch }) => [mode, epoch])).toEqual(
    Array.from({ length: 3 }, () => ['active', 1]),
  );
  await there.close();
});

test('what is written down has neither files nor signatures in it', async () => {
  const written: string[] = [];
  const audit = (event: string, fields: object): void => {
    written.push(event, JSON.stringify(fields));
  };
  const file = JSON.stringify(await fileOf(row => row));
  const desk = { ...office.desk, audit };
  await perform(desk, 'import', { file, far: true });
  expect(written[0]).toBe('watermark.import.asked');
  expect(written.join()).not.toMatch(/edsig|edsk|interchange/);
});
