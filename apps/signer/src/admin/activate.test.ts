import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KINDS, NO_MAX_LEVEL } from '@meridian/watermark';
import { BAKER, CHAIN, OTHER, OTHER_CHAIN } from '../fixtures.ts';
import type { personOf } from './fixtures.ts';
import {
  ALL,
  ANN,
  BOB,
  EVE,
  evidence,
  HEAD,
  identityFor,
  openOffice,
  type Office,
} from './fixtures.ts';
import { readStatement, signStatement, type Statement } from './statement.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

let office: Office;
beforeEach(async () => {
  office = openOffice();
  await office.ask('init', { evidence: evidence() });
});
afterEach(() => office.close());

const STATEMENT = {
  ...{ format: 'meridian-break-glass', version: 1 },
  ...{ chain_id: CHAIN, public_key_hash: BAKER.pkh, kinds: [...KINDS], site: 'us', epoch: 3 },
  ...{ incarnation: 'incarnation-1', generation: 0, floor: { level: 120, round: 1 } },
  ...{ max_level: 500, reason: 'the other region is gone', expires_level: 110 },
} satisfies Partial<Record<keyof Statement, unknown>>;

/** A statement as these people signed it. */
async function signed(
  other: Partial<Record<keyof Statement, unknown>> = {},
  people: readonly ReturnType<typeof personOf>[] = [ANN, BOB],
): Promise<string> {
  let file = readStatement(
    JSON.stringify({ statement: { ...STATEMENT, ...other }, signatures: [] }),
  );
  for (const person of people) file = await signStatement(file, identityFor(person));
  return JSON.stringify(file);
}

const activate = (statement: string, other: object = {}): Promise<string> =>
  office.refusal('activate', { statement, evidence: evidence(), ...other });

test('two operators make the site the holder, above their floor, and the journal and the audit know it', async () => {
  expect(await activate(await signed())).toBe('done');
  for (const row of await office.rows())
    expect(row).toMatchObject({
      ...{ mode: 'active', site: 'us', epoch: 3, level: 120, round: 1 },
      ...{ digest: null, maxLevel: 500, history: 'known' },
    });
  expect(
    office
      .store()
      .journal.rows()
      .map(({ epoch }) => epoch),
  ).toEqual([3, 3, 3]);
  expect(office.audited.slice(-2)).toEqual(['watermark.activate.asked', 'watermark.activate.done']);
  expect(await activate(await signed())).toBe('done');
});

test('no word puts the floor below the head, nor lets a statement live above its floor', async () => {
  const { head } = evidence();
  const later = { evidence: evidence({ head: { ...head, level: 105 } }) };
  const low = await signed({ floor: { level: 104, round: 0 }, expires_level: 104 });
  expect(await activate(low, later)).toBe('statement_expired');
  const below = await signed({ floor: { level: 99, round: 0 }, expires_level: 99 });
  expect(await activate(below)).toBe('statement_expired');
  await expect(signed({ expires_level: 121 })).rejects.toThrow(/expires/);
  expect((await office.rows()).map(({ mode }) => mode)).toEqual(KINDS.map(() => 'standby'));
});

test('without an end of the lease there is none', async () => {
  await activate(await signed({ max_level: null, kinds: ['block'] }));
  const [row] = (await office.rows()).filter(({ kind }) => kind === 'block');
  expect(row?.maxLevel).toBe(NO_MAX_LEVEL);
  expect((await office.rows()).filter(({ mode }) => mode === 'active')).toHaveLength(1);
});

test.each<[string, readonly ReturnType<typeof personOf>[]]>([
  ['nobody', []],
  ['one operator', [ANN]],
  ['one operator twice', [ANN, ANN]],
  ['one operator and somebody else', [ANN, EVE]],
])('signed by %s it is worth nothing', async (_who, people) => {
  expect(await activate(await signed({}, people))).toBe('too_few_operators');
  expect(new Set((await office.rows()).map(({ mode }) => mode))).toEqual(new Set(['standby']));
});

test('one signature given twice, one key under two names, and one name with two keys are one operator', async () => {
  const file = JSON.parse(await signed({}, [ANN])) as { signatures: object[] };
  file.signatures.push(...file.signatures);
  expect(await activate(JSON.stringify(file))).toBe('too_few_operators');
  const [ann, bob] = [ANN, BOB].map(({ publicKey }) => publicKey);
  for (const operators of [
    [
      { name: 'ann', publicKey: ann },
      { name: 'ann2', publicKey: ann },
    ],
    [
      { name: 'ann', publicKey: ann },
      { name: 'ann', publicKey: bob },
    ],
  ]) {
    const desk = { ...office.desk, operators } as Office['desk'];
    const other = openOffice(desk);
    const asked = other.refusal('activate', { statement: await signed(), evidence: evidence() });
    expect(await asked).toBe('too_few_operators');
    await other.close();
  }
});

test('a statement that was changed after it was signed is refused', async () => {
  const file = JSON.parse(await signed()) as { statement: object };
  const changed = JSON.stringify({ ...file, statement: { ...file.statement, epoch: 9 } });
  expect(await activate(changed)).toBe('bad_signature');
});

test.each<[string, Partial<Record<keyof Statement, unknown>>, string]>([
  ['another site', { site: 'ie' }, 'other_subject'],
  ['another chain', { chain_id: OTHER_CHAIN }, 'other_subject'],
  ['another key', { public_key_hash: OTHER.pkh }, 'other_subject'],
  ['another incarnation', { incarnation: 'incarnation-0' }, 'other_incarnation'],
  ['another generation', { generation: 1 }, 'other_incarnation'],
  ['an epoch that was used', { epoch: 0 }, 'stale_epoch'],
  ['levels that are past', { expires_level: HEAD - 1 }, 'statement_expired'],
])('a statement about %s is refused', async (_what, other, code) => {
  expect(await activate(await signed(other))).toBe(code);
  expect(new Set((await office.rows()).map(({ mode }) => mode))).toEqual(new Set(['standby']));
});

test('it holds under its last head, and only for rows that were not released since', async () => {
  const statement = await signed({ expires_level: HEAD });
  await office.ask('latch', ALL);
  expect(await activate(statement)).toBe('wrong_mode');
  await office.ask('release', { ...ALL, floor: { level: 200 }, evidence: evidence() });
  expect(await activate(statement)).toBe('other_incarnation');
  const again = await signed({
    ...{ expires_level: HEAD, incarnation: 'incarnation-2', generation: 1 },
  });
  expect(await activate(again)).toBe('done');
});

test('rows that are not there, or that this signer was never told of, are not activated', async () => {
  const other = openOffice();
  const given = { statement: await signed(), evidence: evidence() };
  expect(await other.refusal('activate', given)).toBe('not_provisioned');
  const { journal } = other.store();
  const stranger = openOffice({ open: () => ({ store: office.store(), journal }) });
  expect(await stranger.refusal('activate', given)).toBe('unknown_row');
  await stranger.close();
  await other.close();
});

test.each<[string, string, string]>([
  ['no JSON', '{', 'not_json'],
  ['no object', '[]', 'bad_field'],
  ['too long', ' '.repeat(70_000), 'too_large'],
])('a statement that is %s is refused', async (_what, text, code) => {
  expect(await activate(text)).toBe(code);
});

test.each<[string, Partial<Record<keyof Statement, unknown>>, string]>([
  ['a kind twice', { kinds: ['block', 'block'] }, 'statement.kinds'],
  ['an epoch that leaves no other', { epoch: 2 ** 31 }, 'statement.epoch'],
  ['no reason', { reason: '' }, 'statement.reason'],
  ['another format', { format: 'x' }, 'statement.format'],
  ['a floor that is none', { floor: { level: -1, round: 0 } }, 'statement.floor.level'],
])('a statement with %s names its field', (_what, other, field) => {
  const text = JSON.stringify({ statement: { ...STATEMENT, ...other }, signatures: [] });
  expect(() => readStatement(text)).toThrow(expect.objectContaining({ code: 'bad_field', field }));
});

test('too few nodes, and a head below the one that was agreed on, break no glass', async () => {
  const statement = await signed();
  expect(await activate(statement, { evidence: evidence({ nodes: ['a'] }) })).toBe('no_quorum');
  const head = { level: HEAD - 1, hash: 'BL', timestamp: '2026-11-25T08:00:00Z' };
  expect(await activate(statement, { evidence: evidence({ head }) })).toBe('horizon_goes_back');
});
