import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KINDS, type Row } from '@meridian/watermark';

import { BAKER, CHAIN, OTHER, OTHER_CHAIN } from '../fixtures.ts';

import { ALL, evidence, HEAD, openOffice, type Office } from './fixtures.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

let office: Office;
beforeEach(() => {
  office = openOffice();
});
afterEach(() => office.close());

const modes = async (): Promise<readonly string[]> => (await office.rows()).map(({ mode }) => mode);
const init = (other: object = {}): Promise<string> =>
  office.refusal('init', { evidence: evidence(), ...other });
const known = (): readonly Row[] => office.store().journal.rows();

describe('init', () => {
  test('makes rows that stand by above the level after the head, which the journal knows, and sets the horizon', async () => {
    expect(await init()).toBe('done');
    const rows = await office.rows();
    expect(rows.map(row => row.kind).sort()).toEqual([...KINDS].sort());
    for (const row of rows) {
      expect(row).toMatchObject({
        ...{ mode: 'standby', site: 'us', epoch: 0, history: 'new', digest: null, seq: 0 },
        ...{ level: HEAD + 1, round: 0, incarnation: 'incarnation-1', generation: 0 },
      });
    }
    expect(known()).toEqual(expect.arrayContaining([...rows]));
    expect(office.store().journal.horizon(CHAIN)).toMatchObject({
      baseLevel: HEAD,
      slackLevels: 5,
    });
  });

  test('takes kinds and a floor that are named', async () => {
    await office.ask('init', {
      evidence: evidence(),
      kinds: ['attestation'],
      floor: { level: 7, round: 2 },
    });
    expect(await office.rows()).toMatchObject([{ kind: 'attestation', level: 7, round: 2 }]);
  });

  test('never makes a row anew, nor beside one that is active for any site', async () => {
    await init({ kinds: ['attestation'] });
    expect(await init({ kinds: ['attestation', 'block'] })).toBe('already_provisioned');
    await office.activate({ site: 'ie' });
    expect(await init({ kinds: ['block'] })).toBe('active_elsewhere');
    expect(await office.rows()).toHaveLength(1);
  });

  test('refuses what the journal knows and the store has lost', async () => {
    await init();
    await office.store().close();
    rmSync(join(office.folder, 'store'), { recursive: true });
    const again = openOffice({}, office.folder);
    const asked = again.refusal('init', { evidence: evidence() });
    expect(await asked).toBe('untrusted_row');
    await again.close();
  });

  test.each<[string, Parameters<typeof evidence>[0], string]>([
    ['half of the nodes', { quorum: 1, asked: 2 }, 'no_quorum'],
    ['a quorum that is no more than half', { quorum: 2, asked: 4 }, 'no_quorum'],
    ['a quorum above those asked', { quorum: 4, asked: 3 }, 'no_quorum'],
    ['one node under two votes', { nodes: ['a', 'a'] }, 'no_quorum'],
    ['another chain', { chain_id: OTHER_CHAIN }, 'bad_evidence'],
    [
      'a head that is long past',
      { head: { level: HEAD, hash: 'BL', timestamp: '2026-11-25T07:53:00Z' } },
      'bad_evidence',
    ],
    [
      'a head of the future',
      { head: { level: HEAD, hash: 'BL', timestamp: '2026-11-25T08:02:00Z' } },
      'bad_evidence',
    ],
  ])('refuses evidence of %s', async (_what, other, code) => {
    expect(await init({ evidence: evidence(other) })).toBe(code);
    expect(await office.rows()).toEqual([]);
    expect(office.store().journal.horizon(CHAIN)).toBeUndefined();
  });

  test('never moves the base of the horizon down', async () => {
    await init({ kinds: ['block'] });
    const head = { level: HEAD - 1, hash: 'BK', timestamp: '2026-11-25T08:00:00Z' };
    const asked = init({ kinds: ['attestation'], evidence: evidence({ head }) });
    expect(await asked).toBe('horizon_goes_back');
    expect(office.store().journal.horizon(CHAIN)?.baseLevel).toBe(HEAD);
  });
});

describe('init --first-use', () => {
  const first = (other: object = {}): Promise<string> =>
    init({ ...ALL, first_use: true, by: 'ann', ...other });

  test('makes the site the holder under the first epoch, and the journal knows it', async () => {
    expect(await first()).toBe('done');
    for (const row of await office.rows())
      expect(row).toMatchObject({ mode: 'active', site: 'us', epoch: 1, level: HEAD + 1 });
    expect(known().map(({ epoch }) => epoch)).toEqual([1, 1, 1]);
    expect(office.audited).toEqual(['watermark.init.asked', 'watermark.init.done']);
  });

  test('takes over rows that wait for it', async () => {
    await init();
    expect(await first()).toBe('done');
    expect(new Set(await modes())).toEqual(new Set(['active']));
    expect(await first()).toBe('already_provisioned');
  });

  test('asks two nodes at least', async () => {
    const one = evidence({ asked: 1, quorum: 1, nodes: ['a'] });
    const use = one.use?.map(each => ({ ...each, nodes: ['a'] }));
    const given = { ...ALL, first_use: true, by: 'ann', evidence: { ...one, use } };
    expect(await init(given)).toBe('no_quorum');
    expect((await office.rows()).filter(({ mode }) => mode === 'active')).toEqual([]);
  });

  test('is never about all keys because none was named', async () => {
    const none = { ...{ evidence: evidence(), first_use: true, by: 'ann' } };
    for (const given of [none, { ...none, ...ALL, keys: [BAKER.pkh] }])
      await expect(office.ask('init', given)).rejects.toMatchObject({
        ...{ code: 'malformed', field: 'keys' },
      });
    expect(await office.rows()).toEqual([]);
    expect(await init({ ...ALL, keys: [BAKER.pkh] })).toBe('malformed');
    expect(await init(ALL)).toBe('done');
    expect(await first({ all: undefined, keys: [BAKER.pkh] })).toBe('done');
  });

  test('asks who asserts it', async () => {
    expect(await first({ by: undefined })).toBe('malformed');
    expect(await office.rows()).toEqual([]);
  });

  const use = { public_key_hash: BAKER.pkh, from: 61, to: HEAD, nodes: ['a', 'b'], found: [] };
  test.each<[string, object, string]>([
    ['one node found a vote', { found: ['attestation in block 99'] }, 'key_in_use'],
    ['only one node looked', { nodes: ['a'] }, 'no_quorum'],
    ['one node looked twice', { nodes: ['a', 'a'] }, 'no_quorum'],
    ['less than a cycle before the head was looked at', { from: 81 }, 'bad_evidence'],
    ['the last block was left out', { to: HEAD - 1 }, 'bad_evidence'],
    ['another key was looked for', { public_key_hash: OTHER.pkh }, 'bad_evidence'],
  ])('is refused, and nothing is made, where %s', async (_what, other, code) => {
    const asked = first({ evidence: evidence({ use: [{ ...use, ...other }] }) });
    expect(await asked).toBe(code);
    expect(await office.rows()).toEqual([]);
  });

  test('refuses a floor below the head, and rows that were imported or used', async () => {
    expect(await first({ floor: { level: HEAD - 1 } })).toBe('floor_below_head');
    const floors = [
      { chain_id: CHAIN, public_key_hash: BAKER.pkh, kind: 'block', level: 5, round: 0 },
    ];
    await office.ask('import', { floors, far: true, unsigned: true, by: 'ann' });
    expect(await first({ kinds: ['block'] })).toBe('wrong_history');
    expect(await modes()).toEqual(['standby']);
  });
});
