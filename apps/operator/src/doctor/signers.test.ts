import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { CHECKS } from './checks.ts';
import { CHAIN, LEVEL, nodeScript, SILENCE, status, type Says, type Script } from './fixtures.ts';
import { closeAll, doctor, fake, nodeArgs, outcome, type Report } from './runs.ts';

const PUBLIC_KEY = publicKeyOf(secretKeyOfSeed('tz1', new Uint8Array(32)));
const HELD = publicKeyHashOf(PUBLIC_KEY);

afterEach(closeAll);

describe('a signer', () => {
  const mark = (kind: string, level: number, chain_id = CHAIN): object => ({
    ...{ chain_id, kind, level, round: 0, digest: null, bytes: null, signature: null },
  });
  const marksAt = (level: number): readonly object[] =>
    ['block', 'preattestation', 'attestation'].map(kind => mark(kind, level));
  const signerScript = (marks: Says): Script => ({
    'GET /authorized_keys': { json: {} },
    [`GET /keys/${HELD}`]: { json: { public_key: PUBLIC_KEY } },
    [`GET /marks/${HELD}`]: marks,
  });
  const look = async (...scripts: readonly Script[]): Promise<Report> => {
    const urls = await Promise.all(scripts.map(fake));
    const signers = urls.flatMap(url => ['--signer', url]);
    return doctor(...nodeArgs(await fake(nodeScript())), '--key', HELD, ...signers);
  };
  const good = signerScript({ json: { marks: marksAt(LEVEL) } });

  test('that is well passes every check', async () => {
    const report = await look(good);
    const own = report.checks.filter(({ check }) => /^(signer|marks)_/.test(check));
    expect(own.map(({ status: how }) => how)).toEqual(['ok', 'ok', 'ok', 'ok']);
  });

  test.each<[string, Script, keyof typeof CHECKS, RegExp]>([
    ['that hangs', { 'GET /': SILENCE }, 'signer_reachable', /^fail no answer within 0\.3 s$/],
    [
      'without the key',
      { ...good, [`GET /keys/${HELD}`]: status(404, 'unknown') },
      'signer_key',
      /^fail tz1\w+: status 404: unknown$/,
    ],
    [
      'with another key under this address',
      { ...good, [`GET /keys/${HELD}`]: { json: { public_key: 'edpk' } } },
      'signer_key',
      /^fail .* not the public key of this address$/,
    ],
    [
      'without a row for blocks',
      signerScript({ json: { marks: marksAt(5).slice(1) } }),
      'marks_present',
      /^fail none for block /,
    ],
    [
      'with rows for another chain alone',
      signerScript({ json: { marks: [mark('block', 5, 'NetXnHfVqm9iesp')] } }),
      'marks_present',
      /^fail none for block, preattestation, attestation /,
    ],
    [
      'whose store is held by another process',
      signerScript(status(503, 'store')),
      'marks_present',
      /^fail nobody tells the marks \(.*status 503: store\)$/,
    ],
    [
      'that keeps no marks that can be read',
      signerScript({ json: { marks: [{ kind: 'block' }] } }),
      'marks_present',
      /a mark that cannot be read/,
    ],
    [
      'with a mark from the future',
      signerScript({ json: { marks: [...marksAt(5).slice(1), mark('block', LEVEL + 9)] } }),
      'marks_below_head',
      /^fail block at 1009 \(127\.0\.0\.1:\d+\); head 1000$/,
    ],
  ])('%s is told so', async (_, script, check, says) => {
    const report = await look(script);
    expect(outcome(report, check)).toMatch(says);
    expect(report.status).toBe(1);
  });

  test('that hangs at each key is given up, however many keys there are', async () => {
    let asked = 0;
    const silence: Says = { act: () => void (asked += 1) };
    const script = { 'GET /authorized_keys': { json: {} }, 'GET /': silence };
    const args = Array.from({ length: 40 }, () => ['--key', HELD]).flat();
    const report = await doctor('--signer', await fake(script), ...args, '--timeout', '0.05');
    // Each key has two questions, and four keys are asked for at once.
    expect(asked).toBeLessThan(10 + 2 * 4);
    expect(outcome(report, 'signer_key')).toMatch(/not asked, since 10 questions before/);
  });

  test('of which one waits for the store is nothing to worry about; two stores are', async () => {
    const waits = await look(signerScript(status(503, 'store')), good);
    expect(outcome(waits, 'marks_present')).toMatch(/^ok .*status 503: store/);
    expect(outcome(waits, 'marks_shared')).toBe('');
    const two = await look(good, signerScript({ json: { marks: marksAt(LEVEL - 400) } }));
    expect(outcome(two, 'marks_shared')).toMatch(/^fail .* differ in block, preattestation, att/);
  });
});
