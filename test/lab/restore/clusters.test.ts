import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startProxy, type Proxy } from '@meridian/faults';
import {
  describeWithPostgres,
  postgresPrograms,
  startPostgres,
  startStandby,
  type Postgres,
} from '@meridian/faults/postgres';
import { migrated, type Shared } from './database.ts';
import {
  adopt,
  BAKER,
  firstUse,
  openSite,
  statusOf,
  until,
  untilHeld,
  type Site,
  type SiteSigner,
} from './site.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const keys = [{ public_key_hash: BAKER.pkh, public_key: BAKER.publicKey, secret_key: '' }];

describeWithPostgres('the address of a database that leads to another one', () => {
  let [site, first, second, proxy]: [Site?, Postgres?, Postgres?, Proxy?] = [];
  const target = { host: '127.0.0.1', port: 0 };
  beforeEach(async () => {
    [site, first] = await Promise.all([openSite(), startPostgres()]);
    target.port = first.port;
    proxy = await startProxy({ target });
  });
  afterEach(async () => {
    await site?.close();
    await proxy?.close();
    await second?.close();
    await first?.close();
  });

  type World = {
    readonly site: Site;
    readonly first: Postgres;
    readonly proxy: Proxy;
    /** The database on the first server itself. */
    readonly url: string;
    readonly shared: Shared;
  };

  async function world(): Promise<World> {
    if (site === undefined || first === undefined || proxy === undefined)
      throw new Error('the world was not set up');
    const url = await first.freshDatabase();
    const shared = await migrated(site, proxy.url(url));
    return { site, first, proxy, url, shared };
  }

  async function signing({ site: of, shared }: World, name: string): Promise<SiteSigner> {
    const signer = await of.start(name, shared);
    await untilHeld(signer);
    return signer;
  }

  /** Starts a signer again, which does not get its database; what it says before it ends. */
  async function lastWords(signer: SiteSigner): Promise<string> {
    await signer.restart();
    const { process } = signer.signer();
    await until('the signer has ended', () => signer.signer().hasEnded());
    expect((await process.ended).status).not.toBe(0);
    return process.output().join('\n');
  }

  test('is refused where it has a dump of the first one, by signers that run and that start', async () => {
    const of = await world();
    const signer = await signing(of, 'one');
    await firstUse(of.site, signer);
    expect(await signer.attest(30)).toBe(200);
    second = await startPostgres();
    const copy = await second.freshDatabase();
    const programs = dirname(postgresPrograms()?.postgres ?? '');
    const dump = execFileSync(join(programs, 'pg_dump'), ['--dbname', of.url]);
    execFileSync(join(programs, 'psql'), ['--quiet', copy], {
      ...{ input: dump, stdio: ['pipe', 'ignore', 'inherit'] },
    });
    expect(await signer.attest(31)).toBe(200);
    target.port = second.port;
    of.proxy.cut();
    for (const level of [31, 32]) expect(await signer.attest(level, 2)).toBe('store_unavailable');
    const { status, body } = await signer.readiness();
    expect([status, body]).toEqual([503, expect.stringContaining('another database')]);
    expect(await lastWords(signer)).toMatch(/another database than the one that is known/);
    target.port = of.first.port;
    await signer.restart();
    await untilHeld(signer);
    expect(await signer.attest(31, 2)).toBe('conflicting_vote');
    expect(of.site.released.problems(keys)).toEqual([]);
  });

  test('is refused where nobody made it ready, whether a cluster is named or not', async () => {
    const of = await world();
    const signer = await signing(of, 'named');
    const { urlFile } = of.shared.database;
    writeFileSync(urlFile, `${await of.first.freshDatabase()}\n`);
    expect(await lastWords(signer)).toMatch(/its identity is nothing/);
    const unnamed = await of.site.start('unnamed', { database: { urlFile } });
    expect(await lastWords(unnamed)).toMatch(/another schema than this version needs/);
  });

  test('is taken where it is the synchronous standby and that was said, with all marks, and refused otherwise', async () => {
    const of = await world();
    second = await startStandby(of.first);
    const said = { database: { ...of.shared.database, failover: 'synchronous' } } as const;
    const [one, two] = [
      await signing({ ...of, shared: said }, 'one'),
      await signing({ ...of, shared: said }, 'two'),
    ];
    const unsaid = await signing(of, 'unsaid');
    await firstUse(of.site, one);
    for (const signer of [two, unsaid]) await adopt(of.site, signer, 1);
    for (const level of [30, 31]) expect(await one.attest(level)).toBe(200);
    expect(await unsaid.attest(32)).toBe(200);

    await of.first.kill();
    await second.promote();
    target.port = second.port;
    await until('both go on', async () => {
      const codes = await Promise.all([one, two].map(({ attest }) => attest(32)));
      return codes.every(code => code === 200);
    });
    for (const { attest } of [one, two]) {
      expect(await attest(32, 2)).toBe('conflicting_vote');
      expect(await attest(31, 2)).toBe('below_mark');
    }
    expect(await two.attest(33)).toBe(200);
    expect(await one.attest(33, 2)).toBe('conflicting_vote');
    for (const level of [33, 34]) expect(await unsaid.attest(level, 2)).toBe('store_unavailable');
    expect((await unsaid.readiness()).status).toBe(503);
    expect((await statusOf(one.signer())).holdsStore).toBe(true);
    expect(of.site.released.problems(keys)).toEqual([]);
  });
});
