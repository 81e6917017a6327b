import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { migrated } from './database.ts';
import {
  adopt,
  BAKER,
  breakGlass,
  done,
  firstUse,
  openSite,
  RELEASE_LEVEL,
  statusOf,
  until,
  untilHeld,
  WIDE_SLACK,
  type Site,
  type SiteSigner,
} from './site.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const keys = [{ public_key_hash: BAKER.pkh, public_key: BAKER.publicKey, secret_key: '' }];

describeWithPostgres('a database that is put back to an older copy', () => {
  let postgres: Postgres;
  let site: Site;
  let busy: SiteSigner;
  let idle: SiteSigner;
  beforeEach(async () => {
    [postgres, site] = await Promise.all([startPostgres(), openSite()]);
    const shared = await migrated(site, await postgres.freshDatabase());
    [busy, idle] = await Promise.all([site.start('busy', shared), site.start('idle', shared)]);
    await Promise.all([busy, idle].map(each => untilHeld(each)));
    await firstUse(site, busy);
    await adopt(site, idle, 1);
  });
  afterEach(async () => {
    await site.close();
    await postgres.close();
  });

  /** Signs before a copy and after it, and puts the copy back. */
  async function restored(): Promise<void> {
    expect(await busy.attest(30)).toBe(200);
    const copy = await postgres.snapshot();
    for (const level of [31, 32]) expect(await busy.attest(level)).toBe(200);
    // Nobody asks it for anything; it looks by itself.
    await until('the idle signer has seen the last mark', async () => {
      const { rows = [] } = await statusOf(idle.signer());
      return rows.some(({ level }) => level === 32);
    });
    await postgres.restoreFrom(copy);
  }

  const isDown = async ({ readiness }: SiteSigner): Promise<boolean> =>
    (await readiness()).body.includes('rows changed');

  async function signsNothingElse(): Promise<void> {
    for (const { attest } of [busy, idle]) {
      for (const level of [31, 32, 33])
        expect(await attest(level, 2)).toMatch(/^store_went_back$|^latched$/);
    }
    expect(site.released.problems(keys)).toEqual([]);
  }

  test('is noticed by a signer that nobody asks, and neither signs anything else, also when started again', async () => {
    await restored();
    await until('both are not ready', async () => (await isDown(idle)) && isDown(busy));
    expect((await idle.readiness()).status).toBe(503);
    expect(idle.told('row_doubted')).toContainEqual(
      expect.objectContaining({ kind: 'attestation', code: 'store_went_back', severity: 'error' }),
    );
    const shown = await idle.watermark('show');
    expect(shown.json).toMatchObject({
      keys: [{ findings: [{ kind: 'attestation', code: 'store_went_back' }] }],
    });
    await signsNothingElse();
    await Promise.all([busy.restart(), idle.restart()]);
    await Promise.all([busy, idle].map(each => untilHeld(each)));
    await signsNothingElse();
    expect(await isDown(idle)).toBe(true);
  });

  test('is recovered from by a release, an adoption and a statement of two operators, above all that was signed', async () => {
    await restored();
    await until('both are not ready', async () => (await isDown(idle)) && isDown(busy));
    const floor = ['--level', RELEASE_LEVEL.toString()];
    const low = await busy.watermark('release', '--all', '--level', '40', ...site.nodeFlags);
    expect(low.codes).toContain('floor_too_low');
    done(await busy.watermark('release', '--all', ...floor, '--by', 'ann', ...site.nodeFlags));
    expect(await idle.attest(RELEASE_LEVEL + 1)).toBe('store_went_back');
    await adopt(site, idle, 1);
    for (const { attest } of [busy, idle]) expect(await attest(25)).toBe('standby');
    await breakGlass(site, busy, 2);
    await adopt(site, idle, 2, ...WIDE_SLACK);
    expect(await busy.attest(RELEASE_LEVEL)).toBe('below_mark');
    expect(await busy.attest(RELEASE_LEVEL + 1)).toBe(200);
    expect(await idle.attest(RELEASE_LEVEL + 1, 2)).toBe('conflicting_vote');
    expect(await idle.attest(RELEASE_LEVEL + 2)).toBe(200);
    for (const each of [busy, idle])
      await until('it is ready', async () => (await each.readiness()).status === 200);
    expect(site.released.problems(keys)).toEqual([]);
  });
});
