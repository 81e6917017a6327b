import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { SIGNER } from '@meridian/configuration';
import { startProxy, type Proxy } from '@meridian/faults';
import { describeWithPostgres, startPostgres, type Postgres } from '@meridian/faults/postgres';
import { openJournal } from '@meridian/watermark-store';
import { runAdministration } from './cli.ts';
import { activate, BAKER, CHAIN } from './fixtures.ts';
import { openGuard, type OpenGuard } from './guard.ts';

/** A server that ends each connection; `asked` waits for the next one. */
async function startNobody() {
  let told = Promise.withResolvers<unknown>();
  const server = createServer(socket => {
    socket.destroy();
    told.resolve(undefined);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked: async () => {
      await told.promise;
      told = Promise.withResolvers();
    },
    close: () => void server.close(),
  };
}

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describeWithPostgres('a guard over a database', () => {
  let [postgres, proxy]: [Postgres?, Proxy?] = [];
  let folder = '';
  const target = { host: '127.0.0.1', port: 0 };
  const at = (name: string): string => join(folder, name);
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'guard-'));
    target.port = postgres?.port ?? 0;
    proxy = await startProxy({ target });
    const url = (await postgres?.freshDatabase()) ?? '';
    writeFileSync(at('url'), proxy.url(url), { mode: 0o600 });
    await runAdministration(['database', 'migrate', '--url-file', at('url')], SILENT);
  });
  afterEach(async () => {
    await proxy?.close();
    rmSync(folder, { recursive: true });
  });
  afterAll(() => postgres?.close());

  const SILENT = { print: () => undefined, note: () => undefined };
  const opened = (other: object = {}, signal = new AbortController().signal): Promise<OpenGuard> =>
    openGuard(
      SIGNER.parse({
        ...{ site: 'us', chains: [CHAIN], journal: at('journal') },
        keys: [{ name: 'baker', secretFile: at('secret') }],
        database: { urlFile: at('url'), ...other },
      }),
      signal,
    );
  /** Throws while somebody holds the journal. */
  const knownServer = (): string | undefined => {
    const journal = openJournal(at('journal'));
    const server = journal.server();
    journal.close();
    return server;
  };

  test('keeps the journal as long as it is open, and lets go of it', async () => {
    const guard = await opened();
    expect(guard).toMatchObject({ isShared: true, findings: [] });
    await activate(guard.store);
    expect(await guard.store.read(CHAIN, BAKER.pkh)).toHaveLength(2);
    expect(knownServer).toThrow(expect.objectContaining({ code: 'busy' }));
    await guard.close();
    await expect(guard.store.rows()).rejects.toMatchObject({ code: 'closed' });
    expect(() => guard.journal.probe()).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(JSON.parse(knownServer() ?? '')).toMatchObject({ engine: 'postgresql' });
  });

  test('holds the server against what the journal knew when it was opened', async () => {
    await (await opened()).close();
    const journal = openJournal(at('journal'));
    const server = JSON.parse(journal.server() ?? '') as object;
    journal.setServer(JSON.stringify({ ...server, system: '1' }));
    journal.close();
    await expect(opened()).rejects.toMatchObject({ name: 'StoreError', code: 'other_cluster' });
    expect(JSON.parse(knownServer() ?? '')).toMatchObject({ system: '1' });
  });

  test('is refused with another cluster than that of the configuration, and learns nothing of it', async () => {
    const cluster = 'b7a0d5a2-0000-4000-8000-000000000000';
    await expect(opened({ cluster })).rejects.toMatchObject({ code: 'other_cluster' });
    expect(knownServer()).toBeUndefined();
  });

  test('waits for a database that is away, and no longer than it is told to', async () => {
    const nobody = await startNobody();
    target.port = nobody.port;
    const late = opened();
    await nobody.asked();
    target.port = postgres?.port ?? 0;
    await (await late).close();

    target.port = nobody.port;
    const ending = new AbortController();
    const never = opened({}, ending.signal);
    await nobody.asked();
    ending.abort();
    await expect(never).rejects.toMatchObject({ code: 'closed' });
    nobody.close();
    expect(knownServer()).toBeDefined();
  });

  test('is refused where the file of the address is none, and lets go of the journal', async () => {
    rmSync(at('url'));
    await expect(opened()).rejects.toThrow(/database\.urlFile: .* cannot be read/);
    expect(knownServer()).toBeUndefined();
  });
});
