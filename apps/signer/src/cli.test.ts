import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { assert, duration, instant } from '@meridian/prelude';
import { createChain, createNode, type SandboxChain } from '@meridian/sandbox-chain';
import { PROTOCOLS, type PublicKeyHash } from '@meridian/tezos';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import { ANN, BOB, openOffice, type Office } from './admin/fixtures.ts';
import { adminHttp, serveAdmin, type AdminSocket } from './admin/server.ts';
import { run, type Run } from './cli/fixtures.ts';
import { BAKER } from './fixtures.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

const LEVELS = 21;
const GUEST_STAKE = 5;

/** A chain of robots that vote and bake, with a guest who never does, in its third cycle. */
function chainWith(guest: typeof BAKER): SandboxChain {
  const protocol = PROTOCOLS.find(({ number }) => number === '025');
  assert(protocol !== undefined, 'the table has a row for 025');
  const chain = createChain({
    ...{ seed: 2, protocol, genesisTime: instant(1_800_000_000_000), committeeSize: 64 },
    ...{ blocksPerCycle: 8, allBakersAttest: true, script: [] },
    ...{ minimalBlockDelay: duration(1_000), delayIncrementPerRound: duration(1_000) },
    guests: [{ delegate: guest.pkh, consensusKey: guest.key, stake: GUEST_STAKE }],
    robots: { tz1: 1, tz2: 1, tz3: 0, tz4: 2 },
    latency: { min: duration(5), max: duration(20) },
  });
  while (chain.head().level < LEVELS) chain.advanceTo(chain.nextWake());
  return chain;
}

let chain: SandboxChain;
let servers: Server[] = [];
let urls: readonly string[];

/** A node over HTTP; `answer` may stand in for it. */
async function serveNode(
  answer?: (path: string) => { status: number; body: string } | undefined,
): Promise<string> {
  const node = createNode(chain, { name: 'node', now: () => instant(0) });
  const server = createServer((request, response) => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://node');
    const reply = node.handle({ method: 'GET', path, query, body: '' });
    assert('body' in reply, 'nothing here is a stream');
    const given = answer?.(path) ?? reply;
    response.writeHead(given.status, { 'content-type': 'application/json' }).end(given.body);
  });
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
}

beforeAll(async () => {
  chain = chainWith(BAKER);
  urls = [await serveNode(), await serveNode(), await serveNode()];
});
afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  servers = [];
});

let office: Office;
let socket: AdminSocket;
let reached: readonly string[];
const serve = async (keys: readonly PublicKeyHash[] = [BAKER.pkh]): Promise<void> => {
  office = openOffice({
    chains: [chain.chainId],
    keys: () => keys,
    now: () => instant(Date.parse(chain.head().header.timestamp) + 2_000),
  });
  const path = join(office.folder, 'admin.sock');
  socket = await serveAdmin(
    adminHttp(office.desk, () => undefined),
    path,
  );
  reached = ['--socket', path];
};
const stop = async (): Promise<void> => {
  await socket.close();
  await office.close();
};
beforeEach(() => serve());
afterEach(stop);

const nodes = (): readonly string[] => urls.flatMap(url => ['--node', url]);
const watermark = (...args: readonly string[]): Promise<Run> =>
  run('watermark', ...args, ...reached);
const rows = async (): Promise<readonly { mode: string; level: number; kind: string }[]> =>
  office.store().rows();

describe('meridian-signer watermark', () => {
  test('init asks the nodes for the head and makes rows that stand by above it', async () => {
    const { status, output, notes } = await watermark('init', ...nodes());
    expect({ status, notes: notes.filter(line => line.includes('unusable')) }).toEqual({
      status: 0,
      notes: [],
    });
    expect(output[0]).toBe(BAKER.pkh);
    expect(output[1]).toContain('standby, us epoch 0, floor level 22 round 0');
    expect(await rows()).toMatchObject([{ level: 22 }, { level: 22 }, { level: 22 }]);
    expect(office.store().journal.horizon(chain.chainId)).toMatchObject({
      ...{ baseLevel: LEVELS, minimalBlockDelay: 1_000, slackLevels: 5 },
    });
  });

  test('init --first-use looks at every block where the key had rights, and takes the right to sign', async () => {
    const { status, notes } = await watermark(
      'init',
      '--first-use',
      '--all',
      '--by',
      'ann',
      ...nodes(),
    );
    expect(status).toBe(0);
    expect(notes.join('\n')).toMatch(/keys: 1, blocks to look at: [1-9]/);
    expect((await rows()).map(({ mode }) => mode)).toEqual(['active', 'active', 'active']);
  });

  test.each(['tz1', 'tz4'])(
    'init --first-use refuses a %s key that votes and bakes, with the evidence',
    async address => {
      const robot = chain
        .rights(LEVELS)
        .seats.map(({ consensusKey }) => publicKeyHashOf(consensusKey))
        .find(pkh => pkh.startsWith(address) && pkh !== BAKER.pkh);
      assert(robot !== undefined, 'there is such a robot');
      await stop();
      await serve([robot]);
      const { status, output } = await watermark(
        'init',
        '--first-use',
        '--all',
        '--by',
        'ann',
        ...nodes(),
      );
      expect(status).toBe(1);
      expect(output.join('\n')).toMatch(/key_in_use.*attestation\w* in block \d+ B/);
      expect(await rows()).toEqual([]);
    },
  );

  test('a node that has thrown old blocks away, lies or is gone is no witness', async () => {
    const pruned = await serveNode(path =>
      /\/blocks\/\d+$/.test(path) ? { status: 404, body: '' } : undefined,
    );
    const lying = await serveNode(path =>
      /\/blocks\/\d+\/header$/.test(path) ? { status: 200, body: '{"hash":7}' } : undefined,
    );
    const first = (...all: readonly string[]): Promise<Run> =>
      watermark(
        'init',
        '--first-use',
        '--all',
        '--by',
        'ann',
        ...all.flatMap(url => ['--node', url]),
      );
    const [good = ''] = urls;
    const few = await first(good, pruned, lying);
    expect(few.status).toBe(1);
    expect(few.output.join()).toContain('no_quorum');
    const gone = await first(good, 'http://127.0.0.1:1', 'http://127.0.0.1:2');
    expect(gone.status).toBe(1);
    expect(gone.notes.at(-1)).toContain('no_quorum');
    expect(await rows()).toEqual([]);
    const enough = await watermark(
      'init',
      ...[good, urls[1] ?? '', lying].flatMap(url => ['--node', url]),
    );
    expect(enough.status).toBe(0);
  });

  test('nodes on different chains agree on nothing', async () => {
    const [good = ''] = urls;
    const other = await serveNode(path =>
      path.endsWith('/header')
        ? {
            status: 200,
            body: JSON.stringify({
              chain_id: 'NetXHAoG8TyXu4i',
              level: LEVELS,
              hash: 'BL',
              timestamp: '2026-11-25T08:00:00Z',
            }),
          }
        : undefined,
    );
    const { status, notes } = await watermark('init', '--node', good, '--node', other);
    expect(status).toBe(1);
    expect(notes.at(-1)).toContain('no 2 nodes agree');
  });

  test('show, raise, latch and release, with one object for programs', async () => {
    await watermark('init', ...nodes());
    expect(
      (await watermark('raise', '--all', '--level', '90', '--round', '1', '--kind', 'block'))
        .status,
    ).toBe(0);
    const far = ['raise', '--all', '--level', '5941100', '--kind', 'block'];
    const slip = await watermark(...far);
    expect({ status: slip.status, said: slip.notes.join() }).toEqual({
      status: 1,
      said: expect.stringMatching(/floor_too_far: .*--far.*: level \d+ at most/) as string,
    });
    const shown = await watermark('show', '--json');
    expect(JSON.parse(shown.output.at(-1) ?? '')).toMatchObject({
      site: 'us',
      keys: [{ public_key_hash: BAKER.pkh, findings: [], rows: [{}, {}, {}] }],
    });
    expect((await watermark('show')).output.join('\n')).toContain(
      'block: standby, us epoch 0, floor level 90 round 1',
    );
    expect((await watermark('latch', '--all', '--by', 'ann')).status).toBe(0);
    const low = await watermark('release', '--all', '--level', '90', ...nodes());
    expect({ status: low.status, said: low.output.join().includes('floor_too_low') }).toEqual({
      status: 1,
      said: true,
    });
    expect((await watermark('release', '--all', '--level', '91', ...nodes())).status).toBe(0);
    expect((await rows()).map(({ mode, level }) => [mode, level])).toEqual(
      Array.from({ length: 3 }, () => ['standby', 91]),
    );
  });

  test('an export is written for its owner, never over a file, and imported again', async () => {
    await watermark('init', ...nodes());
    const file = join(office.folder, 'marks.json');
    expect((await watermark('export', file)).output).toEqual([`written to ${file}`]);
    const over = await watermark('export', file);
    expect(over.status).toBe(2);
    const { output } = await watermark('export');
    expect(JSON.parse(output.join('\n'))).toMatchObject({ metadata: { site: 'us' } });
    const { signed_by: from } = JSON.parse(readFileSync(file, 'utf8')) as { signed_by: string };
    expect((await watermark('import', file)).status).toBe(1);
    expect((await watermark('import', file, '--from', from)).status).toBe(0);
  });

  test('marks of octez-signer and Signatory are imported for somebody who stands for them', async () => {
    const hash = 'ab'.repeat(32);
    const folder = join(office.folder, 'octez');
    mkdirSync(folder);
    await watermark('init', ...nodes());
    const none = await watermark('import', '--octez', folder);
    expect(none.notes.join()).toMatch(/no file of octez-signer is there$/);
    const mark = { [chain.chainId]: { [BAKER.pkh]: { level: 40, round: 1, hash } } };
    writeFileSync(join(folder, 'attestation_high_watermarks'), JSON.stringify(mark));
    const signatory = join(office.folder, `${chain.chainId}.json`);
    writeFileSync(
      signatory,
      JSON.stringify({ [BAKER.pkh]: { endorsement: { level: 50, round: 0, hash } } }),
    );
    expect((await watermark('import', '--octez', folder)).status).toBe(1);
    const stands = ['--unsigned', '--by', 'ann'];
    expect((await watermark('import', '--octez', folder, ...stands)).status).toBe(0);
    const marked = async () => (await rows()).find(({ kind }) => kind === 'attestation');
    expect(await marked()).toMatchObject({ level: 40, mode: 'standby' });
    expect((await watermark('import', '--signatory', signatory, ...stands)).status).toBe(0);
    expect(await marked()).toMatchObject({ level: 50 });
    const far = { [chain.chainId]: { [BAKER.pkh]: { level: 900_000, round: 1, hash } } };
    writeFileSync(join(folder, 'block_high_watermarks'), JSON.stringify(far));
    expect((await watermark('import', '--octez', folder, ...stands)).status).toBe(1);
    expect((await watermark('import', '--octez', folder, '--far', ...stands)).status).toBe(0);
    const wrong = await watermark('import', '--signatory-table', signatory, ...stands);
    expect(wrong).toMatchObject({ status: 1 });
    expect(wrong.notes.join()).toContain('bad_field');
  });

  test('a key is adopted under the epoch that is named', async () => {
    await watermark('init', ...nodes());
    expect((await watermark('adopt', '--all', '--epoch', '1')).status).toBe(1);
    expect((await watermark('adopt', '--all', '--epoch', '0', ...nodes())).status).toBe(0);
  });

  test('two operators sign a statement offline, and it makes the site the holder', async () => {
    const words = [
      '--all',
      '--epoch',
      '2',
      '--level',
      '40',
      '--expires',
      '40',
      '--reason',
      'a drill',
    ];
    const early = await watermark('statement', ...words);
    expect(early.notes.join()).toMatch(/not_provisioned.*: block, .*; init --kind makes it/);
    await watermark('init', ...nodes());
    const at = (name: string): string => join(office.folder, name);
    for (const [name, { secret }] of Object.entries({ ann: ANN, bob: BOB }))
      writeFileSync(at(name), `unencrypted:${secret}`, { mode: 0o600 });
    expect((await watermark('statement', at('asked'), ...words)).status).toBe(0);
    const first = await run(
      'watermark',
      'sign-statement',
      at('asked'),
      at('once'),
      '--key',
      at('ann'),
    );
    expect(first.status).toBe(0);
    expect(first.notes).toContain('epoch: 2');
    expect(first.notes).toContain(
      'good until the head is above level 40, also once more for keys that were refused',
    );
    expect(first.notes.at(-1)).toMatch(
      new RegExp(`^keys\\[0\\]: .*${BAKER.pkh}.*attestation.*"level":40`),
    );
    const once = await watermark('activate', '--statement', at('once'), ...nodes());
    expect({ status: once.status, notes: once.notes.at(-1) }).toMatchObject({
      status: 1,
      notes: expect.stringContaining('too_few_operators') as string,
    });
    await run('watermark', 'sign-statement', at('once'), at('twice'), '--key', at('bob'));
    expect((await watermark('activate', '--statement', at('twice'), ...nodes())).status).toBe(0);
    expect((await rows()).map(({ mode, level }) => [mode, level])).toEqual(
      Array.from({ length: 3 }, () => ['active', 40]),
    );
    chmodSync(at('ann'), 0o644);
    const exposed = await run('watermark', 'sign-statement', at('asked'), '--key', at('ann'));
    expect(exposed.status).toBe(2);
    expect((await run('watermark', 'sign-statement', at('asked'))).status).toBe(2);
    expect((await watermark('statement', '--all', '--epoch', '2')).status).toBe(2);
  });

  test('the socket is found by the configuration of the signer', async () => {
    const config = join(office.folder, 'signer.yaml');
    writeFileSync(config, `chainId: anything\nadmin: ${reached[1] ?? ''}\n`);
    expect((await run('watermark', 'show', '--config', config)).status).toBe(0);
    writeFileSync(config, 'chainId: anything\n');
    expect(await run('watermark', 'show', '--config', config)).toMatchObject({
      status: 2,
      notes: [`meridian-signer: misused: ${config}: admin: is missing`],
    });
  });
});
