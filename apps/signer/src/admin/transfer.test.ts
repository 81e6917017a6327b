import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Interchange } from '@meridian/watermark/interchange';
import { BAKER, CHAIN, OTHER } from '../fixtures.ts';

import {
  ALL,
  ANN,
  drawHorizon,
  evidence,
  fileOf,
  freezeAttestations,
  HEAD,
  openOffice,
  PEER_KEY,
  SITE_KEY,
  type Office,
} from './fixtures.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

let office: Office;
beforeEach(() => {
  office = openOffice();
  drawHorizon(office);
});
afterEach(() => office.close());

const modes = async (): Promise<readonly string[]> => (await office.rows()).map(({ mode }) => mode);
const init = (other: object = {}): Promise<string> =>
  office.refusal('init', { evidence: evidence(), ...other });

describe('export and import', () => {
  test('an export is signed by the site and taken as floors by whoever trusts it', async () => {
    await init();
    const { file } = (await office.ask('export')) as unknown as { file: Interchange };
    expect(file.signed_by).toBe(SITE_KEY.publicKey);
    expect(file.data).toHaveLength(3);
    const trusted = [{ site: 'us', publicKey: SITE_KEY.publicKey }];
    const there = openOffice({ site: 'ie', trusted });
    drawHorizon(there);
    expect(await there.refusal('import', { file: JSON.stringify(file) })).toBe('done');
    for (const row of await there.rows())
      expect(row).toMatchObject({ mode: 'standby', site: 'ie', level: HEAD + 1, history: 'known' });
    expect(there.store().journal.rows()).toHaveLength(3);
    await there.close();
  });

  test('an export without an identity is refused', async () => {
    const nobody = openOffice({ identity: undefined });
    expect(await nobody.refusal('export')).toBe('no_identity');
    await nobody.close();
  });

  test('an import raises rows that are there, keeps higher marks, and never changes a mode', async () => {
    await init({ floor: { level: 200 } });
    await office.ask('raise', { ...ALL, kinds: ['block'], floor: { level: 400 } });
    const file = JSON.stringify(await fileOf(row => row));
    expect(await office.refusal('import', { file })).toBe('done');
    const levels = Object.fromEntries((await office.rows()).map(row => [row.kind, row.level]));
    expect(levels).toEqual({ block: 400, preattestation: 300, attestation: 300 });
    expect(new Set(await modes())).toEqual(new Set(['standby']));
    expect(new Set((await office.rows()).map(({ history }) => history))).toEqual(
      new Set(['known']),
    );
  });

  test('rows made from a file accept only a later epoch than the file has', async () => {
    await office.ask('import', { file: JSON.stringify(await fileOf(row => row)) });
    expect((await office.rows()).map(({ epoch, burntEpoch }) => [epoch, burntEpoch])).toEqual(
      Array.from({ length: 3 }, () => [4, 4]),
    );
  });

  test('the signature is that of the trusted key of the site, or of the key that is named', async () => {
    const file = await fileOf(row => row, ANN.secret);
    const text = JSON.stringify(file);
    expect(await office.refusal('import', { file: text })).toBe('not_trusted');
    const from = PEER_KEY.publicKey;
    expect(await office.refusal('import', { file: text, from })).toBe('not_trusted');
    const changed = JSON.stringify({ ...file, data: file.data.slice(1) });
    const named = { file: changed, from: ANN.publicKey };
    expect(await office.refusal('import', named)).toBe('bad_signature');
    const stands = { file: changed, unsigned: true, by: 'ann' };
    expect(await office.refusal('import', stands)).toBe('bad_signature');
    expect(await office.rows()).toEqual([]);
    expect(await office.refusal('import', { file: text, from: ANN.publicKey })).toBe('done');
  });

  test('a trusted key speaks for its own site only', async () => {
    const trusted = [{ site: 'fr', publicKey: PEER_KEY.publicKey }];
    const other = openOffice({ trusted });
    const file = JSON.stringify(await fileOf(row => row));
    expect(await other.refusal('import', { file })).toBe('not_trusted');
    await other.close();
  });

  test('a file that nobody signed needs somebody who stands for it', async () => {
    const file = JSON.stringify({
      ...(await fileOf(row => row)),
      signed_by: null,
      signature: null,
    });
    expect(await office.refusal('import', { file })).toBe('unsigned');
    expect(await office.refusal('import', { file, unsigned: true })).toBe('malformed');
    expect(await office.refusal('import', { file, unsigned: true, by: 'ann' })).toBe('done');
  });

  test('rows that are active, there or here, are not imported', async () => {
    const file = JSON.stringify(await fileOf(row => ({ ...row, mode: 'active' })));
    expect(await office.refusal('import', { file })).toBe('active_elsewhere');
    await init();
    await office.activate();
    const standing = JSON.stringify(await fileOf(row => row));
    expect(await office.refusal('import', { file: standing })).toBe('import_beside_active');
    const frozen = JSON.stringify(
      await fileOf(row => ({ ...row, mode: 'frozen', handedEpoch: 5 })),
    );
    await freezeAttestations(office);
    expect(await office.refusal('import', { file: frozen })).toBe('done');
  });

  test('marks of other signers need a name, and a key of ours among them', async () => {
    const floor = { chain_id: CHAIN, kind: 'block', level: 5, round: 0 };
    const ours = [{ ...floor, public_key_hash: BAKER.pkh }];
    const theirs = [{ ...floor, public_key_hash: OTHER.pkh }];
    const stands = { unsigned: true, by: 'ann' };
    expect(await office.refusal('import', { floors: ours })).toBe('unsigned');
    expect(await office.refusal('import', { floors: theirs, ...stands })).toBe('nothing_to_import');
    expect(await office.refusal('import', { floors: ours, ...stands })).toBe('done');
    expect(await office.refusal('import', stands)).toBe('malformed');
  });

  test.each([
    ['not_json', '{'],
    ['bad_field', '[]'],
    ['other_format', '{"metadata":{"format":"x"}}'],
  ])('a file that is none is refused: %s', async (code, file) => {
    expect(await office.refusal('import', { file })).toBe(code);
  });
});
