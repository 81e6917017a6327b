import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { SIGNER } from '@meridian/configuration';
import type * as Databases from '@meridian/database';
import {
  describeWithPostgres,
  postgresPrograms,
  startPostgres,
  type Postgres,
} from '@meridian/faults/postgres';
import { assert } from '@meridian/prelude';
import { signRequest, type Row } from '@meridian/watermark';
import { openJournal } from '@meridian/watermark-store';
import { runAdministration } from '../cli.ts';
import { Doubts } from '../doubts.ts';
import { activate, attestation, BAKER, CHAIN, HOLDER, OTHER, OTHER_CHAIN } from '../fixtures.ts';
import { openGuard, type OpenGuard } from '../guard.ts';
import { patrol } from '../patrol.ts';

/** Where connections lead instead of what they were asked for: one for each database that is opened, from now on. */
const leads = vi.hoisted(() => ({
  to: [] as (string | undefined)[],
  at: (): void => undefined,
}));
vi.mock('@meridian/database', async importOriginal => {
  const lib = await importOriginal<typeof Databases>();
  const openDatabase: typeof lib.openDatabase = options => {
    leads.at();
    leads.at = () => undefined;
    return lib.openDatabase({ ...options, url: leads.to.shift() ?? options.url });
  };
  return { ...lib, openDatabase };
});

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder = '';
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'identify-'));
});
afterEach(async () => {
  leads.to = [];
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);

async function run(...args: readonly string[]) {
  const [output, notes]: [string[], string[]] = [[], []];
  const terminal = {
    print: (line: string) => void output.push(line),
    note: (line: string) => void notes.push(line),
  };
  const status = await runAdministration(['database', ...args], terminal);
  return { status, output, said: [...output, ...notes].join(' ') };
}

/** A configuration whose database is at `url`, as a file; its `urlFile` may be written anew. */
async function configured(url: string) {
  writeFileSync(at('url'), url, { mode: 0o600 });
  await run('migrate', '--url-file', at('url'));
  const configuration = {
    ...{ site: 'us', chains: [CHAIN], journal: at('journal'), audit: at('audit') },
    ...{ database: { urlFile: at('url') }, keys: [{ name: 'a', secretFile: at('secret') }] },
  };
  writeFileSync(at('signer.yaml'), JSON.stringify(configuration));
  return SIGNER.parse(configuration);
}

const READER = 'CREATE ROLE reader LOGIN; GRANT SELECT ON cluster_identity TO reader';

const identify = (...args: readonly string[]) =>
  run('identify', '--config', at('signer.yaml'), ...args);

test('a command line that is wrong is told so, and makes no file', async () => {
  const known = {
    site: 'us',
    chains: [CHAIN],
    journal: at('journal'),
    keys: [{ name: 'a', secretFile: 's' }],
  };
  const files: readonly (readonly [object, readonly string[], RegExp])[] = [
    [{ ...known, store: 'x' }, [], /database is missing/],
    [{ ...known, database: { urlFile: 'u' } }, [], /journal: .* is not there/],
    [{ ...known, database: { urlFile: 'u' } }, ['--replace', '1'], /--with is missing/],
    [{ ...known, database: { urlFile: 'u' } }, ['--with', '1'], /--replace is missing/],
    [
      { ...known, database: { urlFile: 'u' } },
      ['--replace', '1', '--with', '2'],
      /--by is missing/,
    ],
    [known, ['--replace', 'a', '--with', '2', '--by', 'ann'], /--replace: the digits/],
    [known, ['--replace', '2', '--with', '2', '--by', 'ann'], /--with: another/],
  ];
  for (const [configuration, args, why] of files) {
    writeFileSync(at('signer.yaml'), JSON.stringify(configuration));
    const { status, said } = await identify(...args);
    expect([status, said]).toEqual([2, expect.stringMatching(why)]);
  }
  expect(existsSync(at('journal'))).toBe(false);
});

describeWithPostgres('a database that was moved to another server', () => {
  let [old, young]: [Postgres?, Postgres?] = [];
  beforeAll(async () => {
    [old, young] = await Promise.all([startPostgres(), startPostgres()]);
  });
  afterAll(async () => {
    await old?.close();
    await young?.close();
  });

  const programs = (): string => dirname(postgresPrograms()?.postgres ?? '');
  const dumpOf = (url: string): Buffer =>
    execFileSync(join(programs(), 'pg_dump'), ['--dbname', url]);
  async function restored(dump: Buffer): Promise<void> {
    assert(young !== undefined, 'the server runs');
    const url = await young.freshDatabase();
    const stdio = ['pipe', 'ignore', 'inherit'] as const;
    execFileSync(join(programs(), 'psql'), ['--quiet', url], { input: dump, stdio: [...stdio] });
    writeFileSync(at('url'), url);
  }
  const guardOf = (configuration: Parameters<typeof openGuard>[0]): Promise<OpenGuard> =>
    openGuard(configuration, new AbortController().signal);
  const request = ({ journal }: OpenGuard, level: number, payload = 1) => {
    const known = journal.known({ chainId: CHAIN, pkh: BAKER.pkh, kind: 'attestation' });
    return signRequest(BAKER.pkh, attestation(level, payload), HOLDER, known?.seq ?? 0);
  };
  const found = async ({ journal, store }: OpenGuard): Promise<readonly string[]> => {
    const codes: string[] = [];
    const parts = { journal, store, doubts: new Doubts() };
    await patrol({ ...parts, found: (_row, { code }) => codes.push(code) });
    return codes;
  };

  const linesOf = (): readonly { readonly event: string }[] =>
    readFileSync(at('audit'), 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { readonly event: string });
  const eventsOf = (): readonly (string | undefined)[] =>
    linesOf().map(({ event }) => event.split('.').at(-1));

  const replace = (one: string, other: string, ...more: readonly string[]) =>
    identify('--replace', one, '--with', other, '--by', 'ann', '--json', ...more);
  const isRefused = (configuration: Parameters<typeof openGuard>[0]): Promise<void> =>
    expect(guardOf(configuration)).rejects.toMatchObject({ code: 'other_cluster' });

  /** A signer that signed levels 10 and 11, moved to the young server; dumps before the latter and after. */
  async function moved() {
    const url = (await old?.freshDatabase()) ?? '';
    const configuration = await configured(url);
    const before = await guardOf(configuration);
    await activate(before.store);
    await activate(before.store, ['block', 'attestation'], { pkh: OTHER.pkh });
    await activate(before.store, ['block', 'attestation'], { chainId: OTHER_CHAIN });
    before.journal.learn(await before.store.rows());
    const sign = async (level: number): Promise<void> => {
      const outcome = await before.store.advance(request(before, level));
      assert(outcome.ok, 'it is permitted');
      before.journal.note([outcome.value.row]);
    };
    await sign(10);
    const older = dumpOf(url);
    await sign(11);
    const running = await identify();
    expect(running.status).toBe(1);
    expect(running.said).toMatch(/busy: .*stop it first/);
    await before.close();
    expect((await identify()).status).toBe(0);
    await restored(dumpOf(url));
    await isRefused(configuration);
    const { said } = await identify();
    const [, to = '', from = ''] =
      /its server is (\d+), not (\d+)$/.exec(said) ?? expect.fail(said);
    cpSync(at('journal'), at('kept'));
    cpSync(at('journal'), at('journal.there'));
    // Another signer of the site, which nobody told of the move.
    writeFileSync(at('url.there'), url, { mode: 0o600 });
    const there = await guardOf({
      ...configuration,
      ...{ journal: at('journal.there'), database: { urlFile: at('url.there') } },
    } as typeof configuration);
    closing.push(there.close);
    return { configuration, older, from, to, there, url };
  }

  test('is refused until an operator names both, and then has to be what is known', async () => {
    const { configuration, from, to } = await moved();
    for (const [one, other] of [
      [to, from],
      ['1', to],
      [from, '1'],
    ] as const)
      expect((await replace(one, other)).said).toMatch(/other_cluster/);
    expect(eventsOf()).toEqual(Array(3).fill(['asked', 'refused']).flat());
    await isRefused(configuration);
    expect((await replace(from, to)).status).toBe(0);
    const again = await replace(from, to);
    expect(again.status).toBe(0);
    expect(JSON.parse(again.output.join(''))).toMatchObject({ system: to, latched: 0 });
    expect(eventsOf().slice(6)).toEqual(['asked', 'done', 'asked', 'done']);
    const after = await guardOf(configuration);
    expect(await found(after)).toEqual([]);
    await after.close();
  });

  test('is told by its owner, which the audit has, and once for all signers', async () => {
    const { configuration, from, to } = await moved();
    const owner = readFileSync(at('url'), 'utf8');
    writeFileSync(at('owner'), owner, { mode: 0o600 });
    execFileSync(join(programs(), 'psql'), ['--quiet', owner], { input: READER });
    writeFileSync(at('url'), owner.replace('postgres@', 'reader@'));
    expect((await replace(from, to)).said).toMatch(/permission denied|42501/);
    const taken = await replace(from, to, '--url-file', at('owner'));
    expect(JSON.parse(taken.output.join(''))).toMatchObject({ system: to, replaced: from });
    const word = { from, to, by: 'ann' };
    expect(linesOf()).toMatchObject([
      { event: 'database.identify.asked', fields: word },
      { event: 'database.identify.refused', fields: word },
      { event: 'database.identify.asked', fields: word },
      { event: 'database.identify.done', fields: word },
    ]);
    // What another signer of the site knows, whose role may not write.
    cpSync(at('kept'), at('journal'));
    await isRefused(configuration);
    expect((await replace(from, to)).status).toBe(0);
  });

  test('is not masked by an audit, which is asked first', async () => {
    const { configuration, from, to } = await moved();
    writeFileSync(at('audit'), 'not ours\n');
    expect((await replace(from, to)).said).toMatch(/broken/);
    await isRefused(configuration);
    writeFileSync(at('audit'), '{"at":"2026-');
    // Somebody else writes to it, once what is asked is there.
    leads.at = () => writeFileSync(at('audit'), 'theirs\n', { flag: 'a' });
    expect((await replace('1', to)).said).toMatch(/other_cluster/);
    rmSync(at('audit'));
    writeFileSync(at('audit'), '{"at":"2026-');
    leads.at = () => writeFileSync(at('audit'), 'theirs\n', { flag: 'a' });
    const { status, output } = await replace(from, to);
    expect([status, JSON.parse(output.join(''))]).toEqual([
      0,
      expect.objectContaining({
        ...{ system: to, latched: 6, audit: 'not_written' },
        audit_set_aside: expect.stringMatching(/^audit\.damaged-/) as string,
      }),
    ]);
    await (await guardOf(configuration)).close();
  });

  test('is held against the timeline that is configured', async () => {
    const { from, to } = await moved();
    expect((await replace(from, to)).status).toBe(0);
    const journal = openJournal(at('journal'));
    const server = JSON.parse(journal.server() ?? '') as object;
    journal.setServer(JSON.stringify({ ...server, timeline: '00000000', isSynchronous: false }));
    journal.close();
    expect((await identify()).said).toMatch(/failed_over/);
    const written = JSON.parse(readFileSync(at('signer.yaml'), 'utf8')) as { database: object };
    const database = { ...written.database, timeline: '00000001' };
    writeFileSync(at('signer.yaml'), JSON.stringify({ ...written, database }));
    expect((await identify()).status).toBe(0);
  });

  const isLatched = (rows: readonly Row[], number: number): void =>
    expect(rows.map(({ mode }) => mode)).toEqual(Array(number).fill('latched'));
  const levelsKnown = ({ journal }: OpenGuard): readonly number[] =>
    journal.rows().map(({ level }) => level);

  test('signs nothing before it is released, and what signs with the other one still is left alone', async () => {
    const { configuration, from, to, there } = await moved();
    const before = await there.store.rows();
    const { output } = await replace(from, to);
    expect(JSON.parse(output.join(''))).toMatchObject({ replaced: from, latched: 6 });
    const here = await guardOf(configuration);
    isLatched(await here.store.rows(), 6);
    const kept = (row: Row) => ({
      ...row,
      mode: 'latched',
      latchedFrom: 'active',
      seq: row.seq + 1,
    });
    expect(await here.store.rows()).toEqual(before.map(kept));
    expect(await here.store.advance(request(here, 12))).toMatchObject({
      error: { code: 'latched' },
    });
    expect(await found(here)).toEqual([]);
    expect(await there.store.rows()).toEqual(before);
    expect(await there.store.advance(request(there, 12))).toMatchObject({ ok: true });
    expect(levelsKnown(here)).toContain(11);
    // Once more is no second fault: what was released meanwhile is not latched by it.
    await here.close();
    cpSync(at('kept'), at('journal'));
    expect(JSON.parse((await replace(from, to)).output.join(''))).toMatchObject({ latched: 0 });
  });

  test('with older rows is latched all the same, and the journal keeps what it knew', async () => {
    const { configuration, older, from, to, there } = await moved();
    await restored(older);
    await isRefused(configuration);
    expect((await replace(from, to)).status).toBe(0);
    const fallen = await guardOf(configuration);
    isLatched(await fallen.store.rows(), 6);
    expect(await fallen.store.advance(request(fallen, 12))).toMatchObject({ ok: false });
    // One step behind, the latch has the number of the step that was lost.
    expect(await found(fallen)).toEqual(['edited_row']);
    isLatched(await fallen.store.rows(), 6);
    expect(await there.store.advance(request(there, 12))).toMatchObject({ ok: true });
    await fallen.close();
    const journal = openJournal(at('journal'));
    expect(journal.rows().map(({ level }) => level)).toContain(11);
    journal.close();
  });

  test('is remembered as the one that was taken, wherever another connection leads', async () => {
    const { from, to, url } = await moved();
    const here = readFileSync(at('url'), 'utf8');
    const other = (await young?.freshDatabase()) ?? '';
    writeFileSync(at('other'), other, { mode: 0o600 });
    await run('migrate', '--url-file', at('other'));
    const sql = `CREATE ROLE blind LOGIN; GRANT SELECT ON cluster_identity TO blind;
      REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC`;
    execFileSync(join(programs(), 'psql'), ['--quiet', here], { input: sql });
    const server = (): string | undefined => {
      const journal = openJournal(at('journal'));
      journal.close();
      return journal.server();
    };
    const before = server();
    for (const elsewhere of [url, other, here.replace('postgres@', 'blind@')]) {
      leads.to = [undefined, elsewhere];
      expect((await replace(from, to)).said, elsewhere).toMatch(/other_cluster/);
      expect(server()).toBe(before);
    }
    expect((await replace(from, to)).status).toBe(0);
    expect(JSON.parse(server() ?? '')).toMatchObject({ system: to, recordedSystem: to });
  });

  test('is not taken where nobody can be named for it', async () => {
    const { configuration, from, to } = await moved();
    const written = JSON.parse(readFileSync(at('signer.yaml'), 'utf8')) as object;
    writeFileSync(at('signer.yaml'), JSON.stringify({ ...written, audit: undefined }));
    const { status, said } = await replace(from, to);
    expect([status, said]).toEqual([2, expect.stringContaining('audit is missing')]);
    await isRefused(configuration);
  });
});
