import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { SIGNER } from '@meridian/configuration';
import {
  describeWithPostgres,
  postgresPrograms,
  startPostgres,
  type Postgres,
} from '@meridian/faults/postgres';
import { assert } from '@meridian/prelude';
import { signRequest } from '@meridian/watermark';
import { openJournal } from '@meridian/watermark-store';
import { runAdministration } from '../cli.ts';
import { Doubts } from '../doubts.ts';
import { activate, attestation, BAKER, CHAIN, HOLDER } from '../fixtures.ts';
import { openGuard, type OpenGuard } from '../guard.ts';
import { patrol } from '../patrol.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'identify-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
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
    return { configuration, older, from, to };
  }

  test('is refused until an operator names both, and then has to be what is known', async () => {
    const { configuration, from, to } = await moved();
    for (const [one, other] of [
      [to, from],
      ['1', to],
      [from, '1'],
    ] as const)
      expect((await replace(one, other)).said).toMatch(/other_cluster/);
    expect(existsSync(at('audit'))).toBe(false);
    await isRefused(configuration);
    expect((await replace(from, to)).status).toBe(0);
    const again = await replace(from, to);
    expect(again.status).toBe(1);
    expect(again.said).toMatch(/nothing takes its server for/);
    const after = await guardOf(configuration);
    expect(await found(after)).toEqual([]);
    expect(await after.store.advance(request(after, 11, 2))).toMatchObject({
      error: { code: 'conflicting_vote' },
    });
    await after.close();
  });

  test('is told by its owner, which the audit has, and once for all signers', async () => {
    const { configuration, from, to } = await moved();
    cpSync(at('journal'), at('kept'));
    const owner = readFileSync(at('url'), 'utf8');
    writeFileSync(at('owner'), owner, { mode: 0o600 });
    execFileSync(join(programs(), 'psql'), ['--quiet', owner], { input: READER });
    writeFileSync(at('url'), owner.replace('postgres@', 'reader@'));
    expect((await replace(from, to)).said).toMatch(/permission denied|42501/);
    const taken = await replace(from, to, '--url-file', at('owner'));
    expect(JSON.parse(taken.output.join(''))).toMatchObject({ system: to, replaced: from });
    const written = readFileSync(at('audit'), 'utf8').trimEnd().split('\n');
    const word = { from, to, by: 'ann' };
    expect(written.map(line => JSON.parse(line) as object)).toMatchObject([
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

  test('with older rows is latched as ever', async () => {
    const { configuration, older, from, to } = await moved();
    await restored(older);
    await isRefused(configuration);
    expect((await replace(from, to)).status).toBe(0);
    const fallen = await guardOf(configuration);
    expect(await found(fallen)).toEqual(['store_went_back']);
    const rows = await fallen.store.read(CHAIN, BAKER.pkh);
    expect(rows.map(({ mode }) => mode)).toEqual(rows.map(() => 'latched'));
    await fallen.close();
    const journal = openJournal(at('journal'));
    expect(journal.rows().map(({ level }) => level)).toContain(11);
    journal.close();
  });
});
