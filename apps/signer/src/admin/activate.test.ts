import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KINDS, NO_MAX_LEVEL } from '@meridian/watermark';
import { BAKER, OTHER, OTHER_CHAIN } from '../fixtures.ts';
import type { Desk } from './desk.ts';
import type { personOf } from './fixtures.ts';
import { ALL, ANN, BOB, EVE, evidence, HEAD, openOffice, type Office } from './fixtures.ts';
import { KEY_STATED, signedStatement, STATEMENT } from './fixtures.ts';
import { readStatement } from './statement.ts';

// Every change waits for the disk, which may be slow.
vi.setConfig({ testTimeout: 30_000 });

let office: Office;
beforeEach(async () => {
  office = openOffice();
  await office.ask('init', { evidence: evidence() });
});
afterEach(() => office.close());

/** What the statement says of its one key, changed. */
const keyed = (other: Partial<Record<keyof typeof KEY_STATED, unknown>>): object => ({
  keys: [{ ...KEY_STATED, ...other }],
});

const activate = (statement: string, other: object = {}): Promise<string> =>
  office.refusal('activate', { statement, evidence: evidence(), ...other });

test('two operators make the site the holder, above their floor, and the journal and the audit know it', async () => {
  expect(await activate(await signedStatement())).toBe('done');
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
  expect(await activate(await signedStatement())).toBe('done');
});

test('no word puts the floor below the head, nor lets a statement live above its floor', async () => {
  const { head } = evidence();
  const later = { evidence: evidence({ head: { ...head, level: 105 } }) };
  const low = await signedStatement({
    ...keyed({ floor: { level: 104, round: 0 } }),
    expires_level: 104,
  });
  expect(await activate(low, later)).toBe('statement_expired');
  const below = await signedStatement({
    ...keyed({ floor: { level: 99, round: 0 } }),
    expires_level: 99,
  });
  expect(await activate(below)).toBe('statement_expired');
  await expect(signedStatement({ expires_level: 121 })).rejects.toThrow(/expires/);
  expect((await office.rows()).map(({ mode }) => mode)).toEqual(KINDS.map(() => 'standby'));
});

test('without an end of the lease there is none', async () => {
  await activate(await signedStatement({ ...keyed({ kinds: ['block'] }), max_level: null }));
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
  expect(await activate(await signedStatement({}, people))).toBe('too_few_operators');
  expect(new Set((await office.rows()).map(({ mode }) => mode))).toEqual(new Set(['standby']));
});

test('one signature given twice, one key under two names, and one name with two keys are one operator', async () => {
  const file = JSON.parse(await signedStatement({}, [ANN])) as { signatures: object[] };
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
    const asked = other.refusal('activate', {
      statement: await signedStatement(),
      evidence: evidence(),
    });
    expect(await asked).toBe('too_few_operators');
    await other.close();
  }
});

test('a statement that was changed after it was signed is refused', async () => {
  const file = JSON.parse(await signedStatement()) as { statement: object };
  const changed = JSON.stringify({ ...file, statement: { ...file.statement, epoch: 9 } });
  expect(await activate(changed)).toBe('bad_signature');
});

test.each<[string, object, string]>([
  ['another site', { site: 'ie' }, 'other_subject'],
  ['another chain', { chain_id: OTHER_CHAIN }, 'other_subject'],
  ['another key', keyed({ public_key_hash: OTHER.pkh }), 'other_subject'],
  ['another incarnation', keyed({ incarnation: 'incarnation-0' }), 'other_incarnation'],
  ['another generation', keyed({ generation: 1 }), 'other_incarnation'],
  ['an epoch that was used', { epoch: 0 }, 'stale_epoch'],
  ['levels that are past', { expires_level: HEAD - 1 }, 'statement_expired'],
])('a statement about %s is refused', async (_what, other, code) => {
  expect(await activate(await signedStatement(other))).toBe(code);
  expect(new Set((await office.rows()).map(({ mode }) => mode))).toEqual(new Set(['standby']));
});

test('it holds under its last head, and only for rows that were not released since', async () => {
  const statement = await signedStatement({ expires_level: HEAD });
  await office.ask('latch', ALL);
  expect(await activate(statement)).toBe('wrong_mode');
  await office.ask('release', { ...ALL, floor: { level: 200 }, evidence: evidence() });
  expect(await activate(statement)).toBe('other_incarnation');
  const again = await signedStatement({
    ...{ expires_level: HEAD, ...keyed({ incarnation: 'incarnation-2', generation: 1 }) },
  });
  expect(await activate(again)).toBe('done');
});

test('rows that are not there, or that this signer was never told of, are not activated', async () => {
  const other = openOffice();
  const given = { statement: await signedStatement(), evidence: evidence() };
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
  ['too long', ' '.repeat(1_050_000), 'too_large'],
])('a statement that is %s is refused', async (_what, text, code) => {
  expect(await activate(text)).toBe(code);
});

test('a reason is in any language', () => {
  const reason = 'Störung: 2 von 3 Rechnern weg (сбой, 停電, ⚡) – «restore» + 5 €';
  const text = JSON.stringify({ statement: { ...STATEMENT, reason }, signatures: [] });
  expect(readStatement(text).statement.reason).toBe(reason);
});

/** Of the terminal, of C1, of lines, and such as turn text round or cannot be seen; the last one is half a character. */
const NOT_PRINTABLE = [
  ...['\n', '\t', '\u001b', '\u007f', '\u009b', '\u00ad', '\u200b', '\u200f', '\u2028'],
  ...['\u202e', '\u2066', '\ufeff', '\u00a0', '\ue000', '\ud800'],
];

test.each<[string, object, string]>([
  ['a kind twice', keyed({ kinds: ['block', 'block'] }), 'statement.keys[0].kinds'],
  ['a key twice', { keys: [KEY_STATED, KEY_STATED] }, 'statement.keys'],
  ['no key', { keys: [] }, 'statement.keys'],
  ['more keys than any signer has', { keys: Array(1_001).fill(KEY_STATED) }, 'statement.keys'],
  ['the version of before', { version: 1 }, 'statement.version'],
  ['a key of its own beside them', { public_key_hash: BAKER.pkh }, 'statement.public_key_hash'],
  ['more said of a key', { keys: [{ ...KEY_STATED, epoch: 4 }] }, 'statement.keys[0].epoch'],
  ['an epoch that leaves no other', { epoch: 2 ** 31 }, 'statement.epoch'],
  ['no reason', { reason: '' }, 'statement.reason'],
  ['another format', { format: 'x' }, 'statement.format'],
  ...NOT_PRINTABLE.map((mark): [string, object, string] => [
    `U+${mark.codePointAt(0)!.toString(16)} in its reason`,
    { reason: `an${mark}outage` },
    'statement.reason',
  ]),
  [
    'a floor that is none',
    keyed({ floor: { level: -1, round: 0 } }),
    'statement.keys[0].floor.level',
  ],
])('a statement with %s names its field', (_what, other, field) => {
  const text = JSON.stringify({ statement: { ...STATEMENT, ...other }, signatures: [] });
  expect(() => readStatement(text)).toThrow(expect.objectContaining({ code: 'bad_field', field }));
});

test('too few nodes, and a head below the one that was agreed on, break no glass', async () => {
  const statement = await signedStatement();
  expect(await activate(statement, { evidence: evidence({ nodes: ['a'] }) })).toBe('no_quorum');
  const head = { level: HEAD - 1, hash: 'BL', timestamp: '2026-11-25T08:00:00Z' };
  expect(await activate(statement, { evidence: evidence({ head }) })).toBe('horizon_goes_back');
});

describe('a statement about many keys', () => {
  const KEYS = [BAKER.pkh, OTHER.pkh];
  const both = (): Office => openOffice({ keys: () => KEYS });
  const modesOf = async ({ store }: Office): Promise<readonly string[]> =>
    (await store().rows()).map(({ pkh, mode, level }) => `${pkh} ${mode} ${level.toString()}`);
  const other = { public_key_hash: OTHER.pkh, incarnation: 'incarnation-2' };
  const low = { floor: { level: 110, round: 0 } };

  test('gives the right for each of them by one signature of each operator, above the floor of each', async () => {
    const place = both();
    await place.ask('init', { evidence: evidence() });
    const statement = await signedStatement({
      keys: [KEY_STATED, { ...KEY_STATED, ...other, ...low }],
    });
    const { keys, by } = await place.ask('activate', { statement, evidence: evidence() });
    expect({ by, keys: keys.map(each => each.public_key_hash) }).toEqual({
      by: ['ann', 'bob'],
      keys: KEYS,
    });
    expect(new Set(await modesOf(place))).toEqual(
      new Set([`${BAKER.pkh} active 120`, `${OTHER.pkh} active 110`]),
    );
    expect(
      place
        .store()
        .journal.rows()
        .map(({ mode }) => mode),
    ).toEqual(Array.from({ length: 6 }, () => 'active'));
    await place.close();
  });

  test('is used for the others where one is refused, and again for that one', async () => {
    const place = both();
    await place.ask('init', { evidence: evidence() });
    await place.ask('latch', { keys: [BAKER.pkh] });
    const statement = await signedStatement({ keys: [KEY_STATED, { ...KEY_STATED, ...other }] });
    const outcome = await place.ask('activate', { statement, evidence: evidence() });
    expect(outcome.keys).toMatchObject([
      { public_key_hash: BAKER.pkh, refused: { code: 'wrong_mode' } },
      { public_key_hash: OTHER.pkh, rows: [{ mode: 'active' }, {}, {}] },
    ]);
    expect(outcome['statement']).toMatchObject({ expires_level: STATEMENT.expires_level });
    expect(new Set(await modesOf(place))).toEqual(
      new Set([`${BAKER.pkh} latched 101`, `${OTHER.pkh} active 120`]),
    );
    await place.close();
  });

  test('is written down with who signed it, its digest, and beside each key what it says of that', async () => {
    const written: Parameters<Desk['audit']>[] = [];
    const audit: Desk['audit'] = (...line) => {
      written.push(line);
    };
    const keys = [KEY_STATED, { ...KEY_STATED, ...other }];
    const place = openOffice({ keys: () => KEYS, audit });
    await place.ask('init', { evidence: evidence(), keys: [BAKER.pkh] });
    const statement = await signedStatement({ keys });
    await place.ask('activate', { statement, evidence: evidence() });
    const { keys: _, ...shared } = STATEMENT;
    expect(written.at(-1)).toMatchObject([
      'watermark.activate.done',
      { keys: 2, refused: 1, by: ['ann', 'bob'], statement: shared },
      [
        { stated: keys[0], refused: undefined },
        { stated: keys[1], rows: undefined },
      ],
    ]);
    expect(written.at(-1)?.[1]['digest']).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(written)).not.toMatch(/edsig/);
    await place.close();
  });

  test('is refused whole where one of them is not ours, or has a floor below its last head', async () => {
    const statement = await signedStatement({ keys: [KEY_STATED, { ...KEY_STATED, ...other }] });
    await expect(office.ask('activate', { statement, evidence: evidence() })).rejects.toMatchObject(
      {
        ...{ code: 'other_subject', field: 'statement.keys[1].public_key_hash' },
      },
    );
    expect(new Set(await modesOf(office))).toEqual(new Set([`${BAKER.pkh} standby 101`]));
    const lower = { ...KEY_STATED, ...other, floor: { level: 109, round: 0 } };
    await expect(signedStatement({ keys: [KEY_STATED, lower] })).rejects.toMatchObject({
      ...{ code: 'bad_field', field: 'statement.expires_level' },
    });
  });

  test('is worth nothing when a key of it was exchanged after it was signed', async () => {
    const place = both();
    await place.ask('init', { evidence: evidence() });
    const file = JSON.parse(await signedStatement()) as { statement: typeof STATEMENT };
    file.statement.keys = [{ ...KEY_STATED, ...other }];
    const given = { statement: JSON.stringify(file), evidence: evidence() };
    expect(await place.refusal('activate', given)).toBe('bad_signature');
    await place.close();
  });
});
