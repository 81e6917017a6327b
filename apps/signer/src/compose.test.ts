import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SIGNER } from '@meridian/configuration';
import type { DaemonWorld } from '@meridian/service';
import { STORE_ERRORS, StoreError, type WatermarkStore } from '@meridian/watermark-store';
import { startSigner, type SignerParts } from './compose.ts';
import { activeStore, CHAIN, countedKeystore, journalOf } from './fixtures.ts';

let folder = '';
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meridian-signer-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true });
});

/** Starts a signer in this process, over a store in memory; what it logged, and its port for operations. */
async function started(other: object, given?: WatermarkStore) {
  const logged: (readonly [string, string, object | undefined])[] = [];
  const tell = (severity: string) => (event: string, fields?: object) =>
    void logged.push([severity, event, fields]);
  const ports: { operationsPort: number }[] = [];
  const world: DaemonWorld = {
    log: { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') },
    atEnd: close => closing.push(close),
    ending: new AbortController().signal,
    fail: error => expect.fail(error.message),
    announce: facts => ports.push(facts as { operationsPort: number }),
  };
  const store = given ?? (await activeStore());
  const journal = await journalOf(await activeStore());
  const [held] = countedKeystore().keystore.keys();
  const parts: SignerParts = {
    openKeystore: () => countedKeystore().keystore,
    openGuard: () =>
      Promise.resolve({ store, journal, findings: [], isShared: false, close: store.close }),
  };
  const free = { port: 0 };
  const configuration = SIGNER.parse({
    ...{ site: 'us', chains: [CHAIN], listen: free, operations: free },
    ...{ store: join(folder, 'store'), journal: join(folder, 'journal') },
    keys: [{ name: held?.name, secretFile: join(folder, 'secret') }],
    ...other,
  });
  await startSigner(configuration, world, parts);
  const read = async (page: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${String(ports[0]?.operationsPort)}/${page}`)).text();
  return { logged, read };
}

test('a signer whose audit is damaged starts, says so, and counts it', async () => {
  const audit = join(folder, 'audit');
  writeFileSync(audit, '{"at":"2026-');
  const { logged, read } = await started({ audit });
  expect(logged.filter(([severity]) => severity === 'error')).toEqual([
    ['error', 'audit_set_aside', expect.objectContaining({ why: 'its end is missing' })],
  ]);
  expect(logged.map(([, event]) => event)).toContain('holds_store');
  expect(await read('metrics')).toMatch(/^meridian_signer_audit_set_aside_total 1$/m);
  expect(readdirSync(folder).filter(name => name.startsWith('audit'))).toHaveLength(2);
});

test('a signer whose audit cannot be opened starts without it, says so, and counts it', async () => {
  const audit = join(folder, 'away/audit');
  const { logged, read } = await started({ audit });
  expect(logged.filter(([severity]) => severity === 'error')).toEqual([
    ['error', 'audit_unavailable', expect.objectContaining({ code: 'unreadable' })],
  ]);
  expect(logged.map(([, event]) => event)).toContain('holds_store');
  expect(await read('metrics')).toMatch(/^meridian_signer_audit_unavailable_total 1$/m);
});

test('a signer whose audit is a file of somebody else does not start', async () => {
  const audit = join(folder, 'audit');
  writeFileSync(audit, 'not ours\n');
  await expect(started({ audit })).rejects.toMatchObject({ code: 'broken' });
});

test('what a store fails with is logged with its code', async () => {
  const store = await activeStore();
  let tries = 0;
  const rows = () => (++tries === 1 ? Promise.reject(new StoreError('overloaded')) : store.rows());
  const { logged } = await started({}, { ...store, rows });
  expect(logged.find(([, event]) => event === 'rows_not_seen')?.[2]).toEqual({
    ...{ code: 'overloaded', why: STORE_ERRORS.overloaded },
  });
});
