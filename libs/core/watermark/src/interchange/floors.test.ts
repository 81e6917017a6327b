import { expect, test } from 'vitest';
import { assert } from '@meridian/prelude';
import { PKH, TZ4, keyOf } from '../fixtures.ts';
import {
  octezBakerFloors,
  octezSignerFloors,
  signatoryFloors,
  signatoryTableFloors,
  type ForeignFile,
} from '../interchange.ts';

const CHAIN = keyOf('block').chainId;
const HASH = 'ab'.repeat(32);
const LAST_ROUND = 2 ** 31 - 1;

const octez = (name: string, pkh: string, mark: object): ForeignFile => ({
  name,
  text: JSON.stringify({ [CHAIN]: { [pkh]: mark } }),
});

/** What a reader gave, in short. */
function marks(read: ReturnType<typeof octezSignerFloors>): readonly unknown[] {
  assert(read.ok, JSON.stringify(read));
  return read.value.map(({ pkh, kind, level, round }) => [pkh, kind, level, round]);
}

test('the files of octez-signer are read under the names of v23 and before, and the higher mark counts', () => {
  const mark = (level: number, round: number): object => ({ level, round, hash: HASH });
  const read = octezSignerFloors([
    octez('block_high_watermarks', PKH, mark(12, 1)),
    octez('preattestation_high_watermarks', PKH, mark(13, 0)),
    octez('attestation_high_watermarks', PKH, mark(3, 0)),
    octez('endorsement_high_watermarks', PKH, mark(11, 2)),
    octez('preendorsement_high_watermarks', PKH, mark(13, 1)),
    { name: 'secret_keys', text: 'not ours' },
  ]);
  expect(marks(read)).toEqual([
    [PKH, 'block', 12, 1],
    [PKH, 'preattestation', 13, 1],
    [PKH, 'attestation', 11, 2],
  ]);
});

test('a mark of octez-signer without a round forbids its whole level', () => {
  const read = octezSignerFloors([octez('block_high_watermarks', PKH, { level: 12, hash: HASH })]);
  expect(marks(read)).toEqual([[PKH, 'block', 12, LAST_ROUND]]);
});

test('marks of a tz4 key under the names before v23 are refused, and taken under those of v23', () => {
  const mark = { level: 12, round: 0, hash: HASH };
  for (const name of ['endorsement_high_watermarks', 'preendorsement_high_watermarks']) {
    const read = octezSignerFloors([octez(name, TZ4, mark)]);
    const field = `${name}.${CHAIN}.${TZ4}`;
    expect(read).toMatchObject({ ok: false, error: { code: 'garbage_marks', field } });
  }
  const read = octezSignerFloors([octez('attestation_high_watermarks', TZ4, mark)]);
  expect(marks(read)).toEqual([[TZ4, 'attestation', 12, 0]]);
});

test.each<[string, string, string]>([
  ['no JSON', '{', ''],
  ['no object', '[]', ''],
  ['another chain', '{"NetX":{}}', '.NetX'],
  ['keys that are none', `{"${CHAIN}":7}`, `.${CHAIN}`],
  ['another address', `{"${CHAIN}":{"KT1":{}}}`, `.${CHAIN}.KT1`],
  ['a mark without hash', `{"${CHAIN}":{"${PKH}":{"level":1}}}`, `.${CHAIN}.${PKH}.hash`],
  [
    'a negative level',
    `{"${CHAIN}":{"${PKH}":{"level":-1,"hash":"${HASH}"}}}`,
    `.${CHAIN}.${PKH}.level`,
  ],
])('a file of octez-signer with %s is refused by the name of its field', (_what, text, field) => {
  const name = 'block_high_watermarks';
  const read = octezSignerFloors([{ name, text }]);
  expect(read).toMatchObject({ ok: false, error: { field: name + field } });
});

test('a folder without any file of octez-signer is no empty watermark', () => {
  expect(octezSignerFloors([{ name: 'wallet_lock', text: '' }]).ok).toBe(false);
});

test('the file of octez-baker is read for the chain that is told', () => {
  const name = 'NetXdQp_highwatermarks';
  const entry = { delegate: PKH, highwatermark: { round: 1, level: 123 } };
  const lists = { blocks: [entry], preattestations: [], attestations: [entry] };
  const read = octezBakerFloors({ name, text: JSON.stringify(lists) }, CHAIN);
  expect(marks(read)).toEqual([
    [PKH, 'block', 123, 1],
    [PKH, 'attestation', 123, 1],
  ]);
  const wrong = { ...lists, blocks: [{ ...entry, highwatermark: { level: 1 } }] };
  expect(octezBakerFloors({ name, text: JSON.stringify(wrong) }, CHAIN)).toMatchObject({
    error: { field: `${name}.blocks[0].highwatermark.round` },
  });
  expect(octezBakerFloors({ name, text: '{}' }, CHAIN).ok).toBe(false);
});

test('the file of Signatory is read with old and new words, and the mark of a block covers its level', () => {
  const mark = { level: 5, round: 2, hash: null };
  const kinds = {
    block: mark,
    preendorsement: mark,
    endorsement: mark,
    attestation: { ...mark, level: 6 },
  };
  const file = { name: `${CHAIN}.json`, text: JSON.stringify({ [PKH]: kinds }) };
  expect(marks(signatoryFloors([file]))).toEqual([
    [PKH, 'block', 5, LAST_ROUND],
    [PKH, 'preattestation', 5, 2],
    [PKH, 'attestation', 6, 2],
  ]);
});

test.each<[string, string, object, string]>([
  ['another name', 'marks.json', {}, 'marks.json'],
  ['another kind', `${CHAIN}.json`, { [PKH]: { generic: {} } }, `.${PKH}.generic`],
  [
    'a level that wrapped around',
    `${CHAIN}.json`,
    { [PKH]: { block: { level: -2147483648, round: 0, hash: null } } },
    '.block.level',
  ],
])(
  'a file of Signatory with %s is refused by the name of its field',
  (_what, name, json, field) => {
    const read = signatoryFloors([{ name, text: JSON.stringify(json) }]);
    assert(!read.ok, 'it is refused');
    expect(read.error.field).toContain(field);
  },
);

const item = (request: string, lvl: string): object => ({
  idx: { S: `${CHAIN}/${PKH}` },
  request: { S: request },
  lvl: { N: lvl },
  round: { N: '3' },
  digest: { S: 'vh2' },
});

test('the table of Signatory is read as a scan prints it and as an export has it', () => {
  const items = [item('block', '8'), item('attestation', '9')];
  const scan = { name: 'scan.json', text: JSON.stringify({ Items: items, Count: 2 }) };
  const lines = items.map(Item => JSON.stringify({ Item })).join('\n');
  const expected = [
    [PKH, 'block', 8, LAST_ROUND],
    [PKH, 'attestation', 9, 3],
  ];
  expect(marks(signatoryTableFloors(scan))).toEqual(expected);
  expect(marks(signatoryTableFloors({ name: 'export.json', text: lines }))).toEqual(expected);
});

test.each<[string, string, string]>([
  ['no items', '{}', 't.Items[0].idx'],
  ['another kind', JSON.stringify({ Items: [item('generic', '1')] }), 't.Items[0].request'],
  ['a level that is none', JSON.stringify({ Items: [item('block', 'x')] }), 't.Items[0].level'],
  ['a broken line', `${JSON.stringify({ Item: item('block', '1') })}\n{`, 't, line 2'],
  ['items that are no list', '{"Items":7}', 't.Items'],
])('a table of Signatory with %s is refused by the name of its field', (_what, text, field) => {
  expect(signatoryTableFloors({ name: 't', text })).toMatchObject({ ok: false, error: { field } });
});
