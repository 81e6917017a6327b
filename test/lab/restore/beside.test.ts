import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { migrated } from './database.ts';
import { adopt, done, firstUse, openSite, untilHeld, type Site, type SiteSigner } from './site.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let site: Site;
beforeEach(async () => {
  site = await openSite();
});
afterEach(() => site.close());

const init = (signer: SiteSigner, ...words: readonly string[]) =>
  signer.watermark('init', '--slack', '500', ...words, ...site.nodeFlags);

/** A file of marks as a site exports it, and whose signature is on it. */
async function exported(signer: SiteSigner): Promise<readonly string[]> {
  const file = site.at(`marks-of-${signer.name}.json`);
  done(await signer.watermark('export', file));
  const { signed_by: from } = JSON.parse(readFileSync(file, 'utf8')) as { signed_by: string };
  return [file, '--from', from];
}

describeWithPostgres('beside a signer of the site that is active', () => {
  let postgres: Postgres;
  beforeEach(async () => {
    postgres = await startPostgres();
  });
  afterEach(() => postgres.close());

  test('no row is made again, and no marks are imported, whichever signer is asked', async () => {
    const shared = await migrated(site, await postgres.freshDatabase());
    const first = await site.start('first', shared);
    const second = await site.start('second', shared);
    await Promise.all([first, second].map(each => untilHeld(each)));
    await firstUse(site, first);
    expect(await first.attest(30)).toBe(200);
    const marks = await exported(first);
    for (const signer of [first, second]) {
      const again = await init(signer);
      expect([again.status, again.codes]).toEqual([1, ['already_provisioned']]);
      const first_use = await init(signer, '--first-use', '--all', '--by', 'ann');
      expect([first_use.status, first_use.codes]).toEqual([1, ['already_provisioned']]);
    }
    const imported = await first.watermark('import', ...marks);
    expect([imported.status, imported.codes]).toEqual([1, ['import_beside_active']]);
    // It was told of no horizon either.
    const far = await second.watermark('import', ...marks);
    expect([far.status, far.codes]).toEqual([1, ['floor_too_far']]);
    const unknown = await second.watermark('import', ...marks, '--far');
    expect([unknown.status, unknown.codes]).toEqual([1, ['unknown_row']]);
    await adopt(site, second, 1);
    const adopted = await second.watermark('import', ...marks);
    expect([adopted.status, adopted.codes]).toEqual([1, ['import_beside_active']]);
    expect(await second.attest(30, 2)).toBe('conflicting_vote');
  });
});

describe('beside rows of the key that are active', () => {
  test('no rows of its other kinds are made', async () => {
    const signer = await site.start('one', { store: site.at('store') });
    await untilHeld(signer);
    const kinds = ['--kind', 'attestation', '--first-use', '--all', '--by', 'ann'];
    done(await init(signer, ...kinds));
    expect(await signer.attest(30)).toBe(200);
    const refused = await init(signer, '--kind', 'block');
    expect([refused.status, refused.codes]).toEqual([1, ['active_elsewhere']]);
  });
});
