import { copyFileSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { firstUse, openSite, until, untilHeld, type Site, type SiteSigner } from './site.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe('a SQLite store', () => {
  let site: Site;
  let signer: SiteSigner;
  let store: string;
  beforeEach(async () => {
    site = await openSite();
    store = site.at('store');
    signer = await site.start('one', { store });
    await untilHeld(signer);
    await firstUse(site, signer);
    expect(await signer.attest(30)).toBe(200);
  });
  afterEach(() => site.close());

  const file = (): string => join(store, 'watermark.sqlite');
  const stop = () => signer.signer().process.stop();

  /** What a signer says that was started on a store which is not what it was; `shown` is of its latched row. */
  async function doubted(code: string, shown = code): Promise<void> {
    await signer.restart();
    await untilHeld(signer);
    expect(signer.told('row_doubted')).toContainEqual(
      expect.objectContaining({ kind: 'attestation', code, severity: 'error' }),
    );
    const { status, body } = await signer.readiness();
    expect([status, body.includes('rows changed')]).toEqual([503, true]);
    expect((await signer.watermark('show')).codes).toContain(shown);
    for (const level of [30, 31, 32]) expect(await signer.attest(level, 2)).toBe(code);
  }

  test('that is an older copy of its folder is one that went back', async () => {
    await stop();
    const older = site.at('older');
    cpSync(store, older, { recursive: true });
    await signer.restart();
    await untilHeld(signer);
    for (const level of [31, 32]) expect(await signer.attest(level)).toBe(200);
    await stop();
    rmSync(store, { recursive: true });
    renameSync(older, store);
    await doubted('store_went_back');
  });

  test('whose row was edited is not believed', async () => {
    await stop();
    const database = new DatabaseSync(file());
    database.exec("UPDATE watermark SET level = 25 WHERE kind = 'attestation'");
    database.close();
    await doubted('edited_row', 'store_went_back');
  });

  test('whose row was removed misses it', async () => {
    await stop();
    const database = new DatabaseSync(file());
    database.exec("DELETE FROM watermark WHERE kind = 'attestation'");
    database.close();
    await doubted('missing_row');
  });

  test('that is another one, never set up, misses all rows', async () => {
    await stop();
    rmSync(store, { recursive: true });
    await doubted('missing_row');
  });

  test('whose file is replaced under a signer that runs ends it, and nothing is signed in between', async () => {
    const copy = site.at('copy');
    copyFileSync(file(), copy);
    renameSync(copy, file());
    const { process } = signer.signer();
    const answer = await signer.attest(31).catch(() => 'gone');
    expect(['store_unavailable', 'gone']).toContain(answer);
    expect((await process.ended).status).not.toBe(0);
    expect(process.output().join('\n')).toMatch(/another file stands in its place/);
  });

  test('whose file is something else is never opened', async () => {
    await stop();
    writeFileSync(
      file(),
      'these are the notes of somebody else, and longer than a page of nothing',
    );
    await expect(signer.restart()).resolves.toBeUndefined();
    const { process } = signer.signer();
    await until('the signer has ended', () => signer.signer().hasEnded());
    expect((await process.ended).status).not.toBe(0);
    expect(process.output().join('\n')).toMatch(/no watermark store, or no journal/);
  });
});
