import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { memoryStore, StoreError, type WatermarkStore } from '@meridian/watermark-store';
import { horizonOf } from './evidence.ts';
import { KINDS, rowName, type Kind, type Row } from '@meridian/watermark';
import { BAKER, CHAIN } from '../fixtures.ts';
import { patrol } from '../patrol.ts';
import { perform } from './actions.ts';
import { ALL, BEYOND, evidence, HEAD, openOffice, type Office } from './fixtures.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

const KEY = { chainId: CHAIN, pkh: BAKER.pkh };

let office: Office;
beforeEach(() => {
  office = openOffice();
});
afterEach(() => office.close());

const modes = async (): Promise<readonly string[]> => (await office.rows()).map(({ mode }) => mode);
const init = (other: object = {}): Promise<string> =>
  office.refusal('init', { evidence: evidence(), ...other });
const known = (): readonly Row[] => office.store().journal.rows();

/** A second signer of the site on the same database, with a journal that knows nothing. */
const second = (): Office => {
  const place = openOffice();
  const { journal } = place.store();
  return {
    ...place,
    ...askedOn(place, () => ({ store: office.store(), journal, isShared: true })),
  };
};
const askedOn = (place: Office, open: Office['desk']['open']): Pick<Office, 'refusal' | 'desk'> => {
  const desk = { ...place.desk, open };
  return {
    desk,
    refusal: (action, args = {}) =>
      perform(desk, action, args).then(
        ({ keys }) => keys[0]?.refused?.code ?? 'done',
        (error: unknown) => (error as { code: string }).code,
      ),
  };
};

describe('adopt', () => {
  test('the journal learns rows of its site under the epoch that is named, and the horizon', async () => {
    await init();
    await office.activate({}, KINDS);
    const other = second();
    const { journal } = other.store();
    expect(await other.refusal('adopt', { ...ALL, epoch: 1 })).toBe('no_horizon');
    const given = { evidence: evidence() };
    expect(await other.refusal('adopt', { ...ALL, epoch: 0, ...given })).toBe('other_epoch');
    expect(await other.refusal('adopt', { ...ALL, epoch: 2, ...given })).toBe('other_epoch');
    expect(await other.refusal('adopt', { ...ALL, ...given })).toBe('malformed');
    expect(journal.rows()).toEqual([]);
    expect(await other.refusal('adopt', { ...ALL, epoch: 1, ...given })).toBe('done');
    expect(journal.rows()).toHaveLength(3);
    expect(journal.horizon(CHAIN)?.baseLevel).toBe(HEAD);
    await other.close();
  });

  test('an active row that is not known is not adopted where nobody else uses the store, or can have kept it', async () => {
    await init();
    await office.activate({}, KINDS);
    const other = second();
    const { journal } = other.store();
    const alone = askedOn(other, () => ({ store: office.store(), journal }));
    const given = { epoch: 1, evidence: evidence() };
    expect(await alone.refusal('adopt', { ...ALL, ...given })).toBe('untrusted_row');
    const { head } = evidence();
    const far = evidence({ head: { ...head, level: HEAD + 200 } });
    expect(await other.refusal('adopt', { ...ALL, ...given, evidence: far })).toBe('untrusted_row');
    expect(await other.refusal('adopt', { ...ALL, ...given })).toBe('done');
    await other.close();
    const third = second();
    third.store().journal.setHorizon(CHAIN, horizonOf(evidence()));
    expect(await third.refusal('adopt', { ...ALL, epoch: 1 })).toBe('bad_evidence');
    expect(third.store().journal.rows()).toEqual([]);
    await third.close();
  });

  test('rows of another site and rows that are not there are refused', async () => {
    const other = second();
    const given = { epoch: 1, evidence: evidence() };
    expect(await other.refusal('adopt', { ...ALL, ...given })).toBe('not_provisioned');
    await init();
    await office.activate({ site: 'ie' }, KINDS);
    expect(await other.refusal('adopt', { ...ALL, ...given })).toBe('other_site');
    await other.close();
  });

  const doubted = ({ doubts }: Office): string | undefined => doubts.of(KEY)?.code;

  test('a release that another signer made is adopted, also kind by kind, and ends a doubt; nothing else does', async () => {
    await init();
    const other = second();
    const adopt = (...kinds: readonly Kind[]): Promise<string> =>
      other.refusal('adopt', { ...ALL, epoch: 0, kinds, evidence: evidence() });
    expect(await adopt(...KINDS)).toBe('done');
    other.doubts.note({ ...KEY, kind: 'attestation', generation: 0 }, { code: 'store_went_back' });
    await office.ask('latch', ALL);
    expect(await adopt(...KINDS)).toBe('done');
    expect(doubted(other)).toBe('store_went_back');
    const given = { ...ALL, floor: { level: BEYOND }, evidence: evidence() };
    expect(await office.refusal('release', given)).toBe('done');
    for (const kind of ['block', 'attestation', 'block'] as const) {
      expect(await adopt(kind)).toBe('done');
      expect({ kind, code: doubted(other) }).toEqual({ kind, code: 'store_went_back' });
    }
    expect(await adopt('preattestation')).toBe('done');
    expect(doubted(other)).toBeUndefined();
    await other.close();
  });

  test('a release that is adopted at once ends a doubt at once, also where not all kinds were known', async () => {
    await init();
    const [all, one] = [second(), second()];
    const before = office.store().journal.rows();
    await office.ask('latch', ALL);
    await office.ask('release', { ...ALL, floor: { level: BEYOND }, evidence: evidence() });
    const adopt = (other: Office, kinds: readonly Kind[]): Promise<string> =>
      other.refusal('adopt', { ...ALL, epoch: 0, kinds, evidence: evidence() });
    all.store().journal.learn(before);
    one.store().journal.learn(before.filter(({ kind }) => kind === 'attestation'));
    for (const { doubts } of [all, one])
      doubts.note({ ...KEY, kind: 'attestation', generation: 0 }, { code: 'edited_row' });
    expect(await adopt(all, KINDS)).toBe('done');
    expect(doubted(all)).toBeUndefined();
    expect(await adopt(one, ['block'])).toBe('done');
    expect(doubted(one)).toBe('edited_row');
    expect(await adopt(one, ['attestation'])).toBe('done');
    expect(doubted(one)).toBeUndefined();
    await all.close();
    await one.close();
  });

  test('a release from before the doubt ends none, though this signer was never told of it', async () => {
    await init();
    const other = second();
    const adopt = (): Promise<string> =>
      other.refusal('adopt', { ...ALL, epoch: 0, evidence: evidence() });
    expect(await adopt()).toBe('done');
    const release = (at: number): Promise<string> =>
      office.refusal('release', { ...ALL, floor: { level: at }, evidence: evidence() });
    await office.ask('latch', ALL);
    expect(await release(BEYOND)).toBe('done');
    const { journal } = other.store();
    const { doubts } = other;
    const look = (store: WatermarkStore) =>
      patrol({ journal: { ...journal, noteSoon: () => undefined }, store, doubts, found: () => 0 });
    await look(office.store());
    await look(memoryStore());
    expect(doubted(other)).toBe('missing_row');
    expect(await adopt()).toBe('done');
    expect(journal.rows().map(({ generation }) => generation)).toEqual([1, 1, 1]);
    expect(doubted(other)).toBe('missing_row');
    await office.ask('latch', ALL);
    expect(await release(BEYOND + 9)).toBe('done');
    expect(await adopt()).toBe('done');
    expect(doubted(other)).toBeUndefined();
    await other.close();
  });

  test('kinds of a release that were adopted before a doubt about the others count with those', async () => {
    await init();
    const other = second();
    const adopt = (...kinds: readonly Kind[]): Promise<string> =>
      other.refusal('adopt', { ...ALL, epoch: 0, kinds, evidence: evidence() });
    await adopt(...KINDS);
    await office.ask('latch', ALL);
    await office.ask('release', { ...ALL, floor: { level: BEYOND }, evidence: evidence() });
    expect(await adopt('block')).toBe('done');
    other.doubts.note({ ...KEY, kind: 'attestation', generation: 0 }, { code: 'store_went_back' });
    expect(await adopt('attestation')).toBe('done');
    expect(doubted(other)).toBe('store_went_back');
    expect(await adopt('preattestation')).toBe('done');
    expect(doubted(other)).toBeUndefined();
    await other.close();
  });

  test('an adoption that fails at the horizon has taught the journal nothing', async () => {
    await init();
    const other = second();
    const { journal } = other.store();
    const setHorizon = (): never => {
      throw new StoreError('replaced');
    };
    const broken = askedOn(other, () => ({
      ...{ store: office.store(), journal: { ...journal, setHorizon }, isShared: true },
    }));
    const given = { ...ALL, epoch: 0, evidence: evidence() };
    expect(await broken.refusal('adopt', given)).toBe('store_unavailable');
    expect(journal.rows()).toEqual([]);
    await other.close();
  });

  test('a store that fell back is not learnt anew under its old epoch', async () => {
    await init();
    await office.activate({}, KINDS);
    const before = await office.rows();
    await office.ask('raise', { ...ALL, floor: { level: 160 } });
    const { journal } = office.store();
    const kept = new Map(before.map(row => [`${row.chainId}/${row.pkh}/${row.kind}`, row]));
    const old = askedOn(office, () => ({ store: memoryStore(kept), journal }));
    expect(await old.refusal('adopt', { ...ALL, epoch: 1 })).toBe('untrusted_row');
    expect(await old.refusal('raise', { ...ALL, floor: { level: 170 } })).toBe('untrusted_row');
    expect(journal.rows().map(row => row.level)).toEqual([160, 160, 160]);
  });
});

describe('latch and release', () => {
  const release = (at: number, other: object = {}): Promise<string> =>
    office.refusal('release', { ...ALL, floor: { level: at }, evidence: evidence(), ...other });

  test('a latch stops all rows of a key, once', async () => {
    expect(await office.refusal('latch', ALL)).toBe('not_provisioned');
    await init();
    await office.activate();
    for (let twice = 0; twice < 2; twice++) expect(await office.refusal('latch', ALL)).toBe('done');
    const rows = await office.rows();
    expect(rows.map(({ mode }) => mode)).toEqual(['latched', 'latched', 'latched']);
    expect(known().map(({ mode }) => mode)).toEqual(['latched', 'latched', 'latched']);
  });

  test('a release goes above horizon and head, under a new incarnation, and back to standby', async () => {
    await init();
    await office.activate({}, KINDS);
    await office.ask('latch', ALL);
    expect(await release(BEYOND - 1)).toBe('floor_too_low');
    expect(await release(BEYOND)).toBe('done');
    for (const row of await office.rows())
      expect(row).toMatchObject({
        ...{ mode: 'standby', level: BEYOND, history: 'doubtful' },
        ...{ incarnation: 'incarnation-2', generation: 1 },
      });
    expect(known().map(({ generation }) => generation)).toEqual([1, 1, 1]);
    expect(await release(BEYOND + 9)).toBe('wrong_mode');
  });

  test('a release counts on from the generation that this signer knows, where the store has forgotten it', async () => {
    await init();
    const before = await office.rows();
    await office.ask('latch', ALL);
    expect(await release(BEYOND)).toBe('done');
    const { journal } = office.store();
    const kept = new Map(before.map(row => [rowName(row), row]));
    const old = askedOn(office, () => ({ store: memoryStore(kept), journal }));
    expect(await old.refusal('latch', ALL)).toBe('done');
    const given = { ...ALL, floor: { level: BEYOND + 9 }, evidence: evidence() };
    expect(await old.refusal('release', given)).toBe('done');
    expect(known().map(({ generation }) => generation)).toEqual([2, 2, 2]);
  });

  test('a latch teaches a signer nothing of a release that it was not told of', async () => {
    await init();
    const other = second();
    await other.refusal('adopt', { ...ALL, epoch: 0, evidence: evidence() });
    await office.ask('latch', ALL);
    expect(await release(BEYOND)).toBe('done');
    expect(await other.refusal('latch', ALL)).toBe('done');
    const { journal } = other.store();
    expect(journal.rows().map(({ generation }) => generation)).toEqual([0, 0, 0]);
    await other.close();
  });

  test('a release goes above a lease, above what this signer knows, and above the line of before', async () => {
    await init();
    await office.activate({ maxLevel: 500 }, KINDS);
    await office.ask('latch', ALL);
    expect(await release(499)).toBe('floor_too_low');
    office.store().journal.setHorizon(CHAIN, {
      ...(office.store().journal.horizon(CHAIN) ?? expect.fail()),
      slackLevels: 1_000,
    });
    expect(await release(500)).toBe('floor_too_low');
    expect(await release(HEAD + 1 + 1_000 + 1)).toBe('done');
  });

  test('a mark that the store forgot, and the journal knows, is not gone below', async () => {
    await init();
    await office.activate({}, KINDS);
    const before = await office.rows();
    await office.ask('raise', { ...ALL, floor: { level: 700 } });
    const kept = new Map(before.map(row => [`${row.chainId}/${row.pkh}/${row.kind}`, row]));
    const desk = {
      ...office.desk,
      open: () => ({ store: memoryStore(kept), journal: office.store().journal }),
    };
    await perform(desk, 'latch', ALL);
    const at = (floor: number) =>
      perform(desk, 'release', { ...ALL, floor: { level: floor }, evidence: evidence() });
    expect((await at(700)).keys[0]?.refused?.code).toBe('floor_too_low');
    expect((await at(701)).keys[0]?.refused).toBeUndefined();
  });

  test('a head that the nodes agree on is not gone below, whatever the clock says', async () => {
    await init();
    await office.ask('latch', ALL);
    // By a clock that runs behind the chain, with no slack.
    const head = { level: 900, hash: 'BL', timestamp: '2026-11-25T08:00:30Z' };
    const given = { evidence: evidence({ head, slack_levels: 0 }) };
    expect(await release(900, given)).toBe('floor_too_low');
    expect(await release(901, given)).toBe('done');
  });

  test('rows that the store has lost are made anew, above all that they can have signed', async () => {
    await init();
    await office.activate({ epoch: 4 }, KINDS);
    await office.ask('raise', { ...ALL, floor: { level: 700 } });
    await office.store().close();
    rmSync(join(office.folder, 'store'), { recursive: true });
    const again = openOffice({ mint: () => 'after-the-loss' }, office.folder);
    for (const kind of KINDS)
      again.doubts.note({ ...KEY, kind, generation: 0 }, { code: 'missing_row' });
    const given = (at: number): object => ({ floor: { level: at }, evidence: evidence() });
    expect(await again.refusal('raise', { ...ALL, floor: { level: 900 } })).toBe('untrusted_row');
    expect(await again.refusal('release', { ...ALL, ...given(700) })).toBe('floor_too_low');
    expect(again.doubts.of(KEY)).toEqual({ code: 'missing_row' });
    expect(await again.refusal('release', { ...ALL, ...given(701) })).toBe('done');
    expect(again.doubts.of(KEY)).toBeUndefined();
    for (const row of await again.rows())
      expect(row).toMatchObject({
        ...{ mode: 'standby', site: 'us', epoch: 4, burntEpoch: 4, level: 701, generation: 1 },
        ...{ history: 'doubtful', incarnation: 'after-the-loss' },
      });
    expect(again.store().journal.rows()).toEqual(await again.rows());
    expect(await again.refusal('raise', { ...ALL, floor: { level: 900 } })).toBe('done');
    await again.close();
  });

  test('evidence of too few nodes releases nothing', async () => {
    await init();
    await office.ask('latch', ALL);
    expect(await release(BEYOND, { evidence: evidence({ nodes: ['a'] }) })).toBe('no_quorum');
    expect(await modes()).toEqual(['latched', 'latched', 'latched']);
  });
});
