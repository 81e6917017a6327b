import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { instant } from '@meridian/prelude';
import { KINDS, type Row } from '@meridian/watermark';
import { burn, changeOfRows } from '@meridian/watermark/administration';
import { level } from '@meridian/tezos';
import { BAKER, CHAIN, OTHER } from '../fixtures.ts';
import { perform } from './actions.ts';
import {
  ALL,
  BEYOND,
  evidence,
  fileOf,
  KEY_STATED,
  NOW,
  openOffice,
  signedStatement,
} from './fixtures.ts';
import type { Office } from './fixtures.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

let office: Office;
beforeEach(() => {
  office = openOffice();
});
afterEach(() => office.close());

/** A day of blocks of 6 s above the first level beyond the horizon of the evidence. */
const HIGHEST = BEYOND + 14_400;
const FAR_OFF = 59_411_000;

const init = (other: object = {}): Promise<string> =>
  office.refusal('init', { evidence: evidence(), ...other });
const raise = (at: number, other: object = {}): Promise<string> =>
  office.refusal('raise', { ...ALL, floor: { level: at }, ...other });
const release = (at: number, other: object = {}): Promise<string> =>
  office.refusal('release', { ...ALL, floor: { level: at }, evidence: evidence(), ...other });
const levels = async (): Promise<readonly number[]> =>
  (await office.rows()).map(({ level }) => level);

test('a raise goes a day above the horizon of now at most, unless it says that it is meant', async () => {
  await init();
  const before = await levels();
  await expect(
    office.ask('raise', { ...ALL, floor: { level: HIGHEST + 1 } }),
  ).rejects.toMatchObject({
    ...{ code: 'floor_too_far', field: 'floor.level' },
    message: expect.stringContaining(`level ${HIGHEST.toString()} at most`) as string,
  });
  expect(await levels()).toEqual(before);
  expect(await raise(HIGHEST)).toBe('done');
  const later = { ...office.desk, now: () => instant(NOW + 60_000) };
  const minute = (more: number) =>
    perform(later, 'raise', { ...ALL, floor: { level: HIGHEST + more } });
  await expect(minute(11)).rejects.toMatchObject({ code: 'floor_too_far' });
  await minute(10);
  expect(await raise(FAR_OFF, { far: true })).toBe('done');
  expect(await levels()).toEqual(KINDS.map(() => FAR_OFF));
});

test('where no horizon is known a raise has to say that it is meant', async () => {
  const floors = KINDS.map(kind => ({
    ...{ chain_id: CHAIN, public_key_hash: BAKER.pkh, kind, level: 120, round: 0 },
  }));
  await office.ask('import', { floors, far: true, unsigned: true, by: 'ann' });
  await expect(office.ask('raise', { ...ALL, floor: { level: 130 } })).rejects.toMatchObject({
    ...{ code: 'floor_too_far', message: expect.stringContaining('no horizon is known') as string },
  });
  expect(await raise(130, { far: true })).toBe('done');
});

describe('a mark of a file', () => {
  const stands = { unsigned: true, by: 'ann' };
  const marks = (...at: readonly number[]): object => ({
    floors: at.map(each => ({
      ...{ chain_id: CHAIN, public_key_hash: BAKER.pkh, kind: 'block', level: each, round: 0 },
    })),
    ...stands,
  });

  test('lies a day above the horizon of now at most, unless it is said that it is meant', async () => {
    await init();
    await expect(office.ask('import', marks(120, HIGHEST + 1, 130))).rejects.toMatchObject({
      ...{ code: 'floor_too_far', field: 'floors[1].level' },
    });
    expect(await levels()).toEqual(KINDS.map(() => 101));
    expect(await office.refusal('import', marks(120, HIGHEST))).toBe('done');
    expect(await office.refusal('import', { ...marks(FAR_OFF), far: true })).toBe('done');
    expect(Math.max(...(await levels()))).toBe(FAR_OFF);
  });

  test('is bounded in a file that a site signed, too, and not where it is about a key of others', async () => {
    const far = level(FAR_OFF);
    const file = JSON.stringify(
      await fileOf(row => (row.kind === 'attestation' ? { ...row, level: far } : row)),
    );
    const others = JSON.stringify(await fileOf(row => ({ ...row, pkh: OTHER.pkh, level: far })));
    await init();
    await expect(office.ask('import', { file })).rejects.toMatchObject({
      ...{
        code: 'floor_too_far',
        field: expect.stringMatching(/^file\.data\[\d\]\.level$/) as string,
      },
    });
    expect(await levels()).toEqual(KINDS.map(() => 101));
    expect(await office.refusal('import', { file: others })).toBe('nothing_to_import');
    expect(await office.refusal('import', { file, far: true })).toBe('done');
  });

  test('is far where no horizon is known', async () => {
    expect(await office.refusal('import', marks(120))).toBe('floor_too_far');
    expect(await office.rows()).toEqual([]);
  });
});

test('new rows begin a day above the horizon of the evidence at most', async () => {
  expect(await init({ floor: { level: HIGHEST + 1 } })).toBe('floor_too_far');
  expect(await office.rows()).toEqual([]);
  expect(await init({ floor: { level: HIGHEST }, kinds: ['block'] })).toBe('done');
  expect(await init({ floor: { level: FAR_OFF }, kinds: ['attestation'], far: true })).toBe('done');
});

test('a release goes a day above the horizon of the evidence at most', async () => {
  await init();
  await office.ask('latch', ALL);
  expect(await release(HIGHEST + 1)).toBe('floor_too_far');
  expect((await office.rows()).map(({ mode }) => mode)).toEqual(KINDS.map(() => 'latched'));
  expect(await release(HIGHEST)).toBe('done');
});

test('what a release has to reach is never too far, and above that it is', async () => {
  await init();
  await office.activate({ maxLevel: FAR_OFF }, KINDS);
  await office.ask('latch', ALL);
  expect(await release(FAR_OFF - 1)).toBe('floor_too_low');
  expect(await release(FAR_OFF + 1)).toBe('floor_too_far');
  expect(await release(FAR_OFF)).toBe('done');
});

test('two operators give no floor that is more than a day above the horizon, or above what is lost already', async () => {
  await init();
  const stated = (at: number): Promise<string> =>
    signedStatement({ keys: [{ ...KEY_STATED, floor: { level: at, round: 0 } }], max_level: null });
  const activate = async (at: number, other: object = {}): Promise<string> =>
    office.refusal('activate', { statement: await stated(at), evidence: evidence(), ...other });
  expect(await activate(HIGHEST + 1)).toBe('floor_too_far');
  expect(await activate(HIGHEST + 1, { far: true })).toBe('done');
  await office.ask('raise', { ...ALL, floor: { level: FAR_OFF }, far: true });
  expect(await activate(FAR_OFF + 1)).toBe('floor_too_far');
  expect(await activate(FAR_OFF)).toBe('done');
});

test('what is lost of one kind makes no floor near that two operators give to another one', async () => {
  await init();
  await office.ask('raise', { ...ALL, kinds: ['block'], floor: { level: FAR_OFF }, far: true });
  const floor = { level: FAR_OFF, round: 0 };
  for (const kinds of [['attestation'], ['block', 'attestation']]) {
    const statement = await signedStatement({ keys: [{ ...KEY_STATED, kinds, floor }] });
    const { keys } = await office.ask('activate', { statement, evidence: evidence() });
    expect(keys[0]?.refused).toMatchObject({
      ...{ code: 'floor_too_far', field: 'statement.keys[0].floor.level' },
    });
  }
  const statement = await signedStatement({ keys: [{ ...KEY_STATED, kinds: ['block'], floor }] });
  expect(await office.refusal('activate', { statement, evidence: evidence() })).toBe('done');
  const far = (await office.rows()).filter(row => row.level === FAR_OFF);
  expect(far.map(({ kind }) => kind)).toEqual(['block']);
});

test('a lease ends no more than a day above the horizon, since a release has to reach its end', async () => {
  await init();
  const activate = async (max: number, other: object = {}): Promise<unknown> =>
    office.ask('activate', {
      ...{ statement: await signedStatement({ max_level: max }), evidence: evidence() },
      ...other,
    });
  await expect(activate(HIGHEST + 1)).rejects.toMatchObject({
    ...{ code: 'floor_too_far', field: 'statement.max_level' },
  });
  expect((await office.rows()).map(({ mode }) => mode)).toEqual(KINDS.map(() => 'standby'));
  await activate(HIGHEST);
  expect((await office.rows()).map(({ maxLevel }) => maxLevel)).toEqual(KINDS.map(() => HIGHEST));
  await activate(FAR_OFF, { far: true });
});

test('an epoch lies a thousand above those of the rows at most, unless it says that it is meant', async () => {
  await init();
  const activate = async (epoch: number, other: object = {}): Promise<string> => {
    const statement = await signedStatement({ epoch });
    const { keys } = await office.ask('activate', {
      ...{ statement, evidence: evidence() },
      ...other,
    });
    const refused = keys[0]?.refused;
    return refused === undefined ? 'done' : `${refused.code} ${String(refused.field)}`;
  };
  const burnt = changeOfRows({ chainId: CHAIN, pkh: BAKER.pkh }, KINDS, row => burn(row, 50));
  const { value } = (await office
    .store()
    .administer({ chainId: CHAIN, pkh: BAKER.pkh }, burnt)) as {
    value: readonly Row[];
  };
  office.store().journal.learn(value);
  expect(await activate(1_051)).toBe('epoch_too_far statement.epoch');
  expect((await office.rows()).map(({ epoch }) => epoch)).toEqual([0, 0, 0]);
  expect(await activate(1_050)).toBe('done');
  expect(await activate(2_051)).toBe('epoch_too_far statement.epoch');
  expect(await activate(2 ** 31 - 1)).toBe('epoch_too_far statement.epoch');
  expect(await activate(2 ** 31 - 1, { far: true })).toBe('done');
});

test('any epoch that rows have is adopted, since it is only compared', async () => {
  await init();
  const adopt = (epoch: number): Promise<string> =>
    office.refusal('adopt', { ...ALL, epoch, evidence: evidence() });
  expect(await adopt(2 ** 31)).toBe('other_epoch');
  await office.activate({ epoch: 2 ** 31 }, KINDS);
  expect(await adopt(2 ** 31)).toBe('done');
});
