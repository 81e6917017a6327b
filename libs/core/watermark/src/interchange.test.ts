import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { toBase58 } from '@meridian/tezos';
import { publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { activeRow, freshRow, granted, request, TZ4 } from './fixtures.ts';
import { latch } from './administration.ts';
import { advance, seal, type Row } from './index.ts';
import {
  canonicalBytes,
  canonicalJson,
  ENTRIES_MAX,
  FILE_BYTES_MAX,
  interchangeFloors,
  interchangeOf,
  readInterchange,
  signatureProblem,
  signInterchange,
  type Interchange,
  type Json,
} from './interchange.ts';

const SECRET = secretKeyOfSeed('tz1', new Uint8Array(32).fill(1));
const OTHER = secretKeyOfSeed('tz1', new Uint8Array(32).fill(2));
const KEY = publicKeyOf(SECRET);
const MADE = { site: 'us', madeAt: '2026-11-25T08:00:00Z', store: null };

/** A vote that was signed, a block in standby, a row that is latched. */
function rows(): readonly Row[] {
  const wish = request({ kind: 'attestation', level: 120, round: 2 });
  const { row } = granted(advance(activeRow('attestation'), wish));
  const signature = toBase58('edsig', new Uint8Array(64).fill(9));
  return [
    granted(seal(row, wish, signature)),
    freshRow('block'),
    latch(activeRow('preattestation', 130)),
  ];
}

const file = (): Interchange => interchangeOf(rows(), MADE);

/** A file whose JSON was changed before it was read. */
function reread(
  change: (json: Record<string, unknown>) => void,
): ReturnType<typeof readInterchange> {
  const json = JSON.parse(JSON.stringify(file())) as Record<string, unknown>;
  change(json);
  return readInterchange(JSON.stringify(json));
}

const first = (json: Record<string, unknown>): Record<string, unknown> =>
  (json['data'] as Record<string, unknown>[])[0] ?? {};

test('a file comes back as it was written, and its rows are floors at their marks', () => {
  expect(granted(readInterchange(JSON.stringify(file())))).toEqual(file());
  const positions = interchangeFloors(file()).map(({ kind, level, round }) => [kind, level, round]);
  expect(positions).toEqual([
    ['attestation', 120, 2],
    ['block', 99, 0],
    ['preattestation', 99, 0],
  ]);
  expect(file().data[2]).toMatchObject({ max_level: 130, mode: 'latched', latched_from: 'active' });
  expect(file().data[1]).toMatchObject({ max_level: null, digest: null });
});

test('a signature holds for its content under its key, in any layout of the file, and for nothing else', () => {
  const signed = signInterchange(file(), SECRET);
  const apart = granted(readInterchange(JSON.stringify(signed, null, 2)));
  expect(signatureProblem(apart, KEY)).toBeUndefined();
  expect(signatureProblem(apart, publicKeyOf(OTHER))?.code).toBe('bad_signature');
  expect(signatureProblem(signInterchange(file(), OTHER), KEY)?.code).toBe('bad_signature');
  const metadata = { ...signed.metadata, site: 'ie' };
  expect(signatureProblem({ ...signed, metadata }, KEY)?.code).toBe('bad_signature');
  expect(signatureProblem({ ...signed, data: signed.data.slice(1) }, KEY)?.code).toBe(
    'bad_signature',
  );
  expect(signatureProblem(file(), KEY)?.code).toBe('unsigned');
});

test('the signature is what a tz1 key gives over the canonical bytes', () => {
  const { metadata, data, signature } = signInterchange(file(), SECRET);
  expect(signature).toBe(sign(SECRET, canonicalBytes({ metadata, data })));
});

test.each<[string, (json: Record<string, unknown>) => void, string]>([
  ['a level beyond the last one', json => (first(json)['level'] = 2 ** 31), 'data[0].level'],
  ['a negative round', json => (first(json)['round'] = -1), 'data[0].round'],
  ['half a level', json => (first(json)['level'] = 1.5), 'data[0].level'],
  ['a level as text', json => (first(json)['level'] = '7'), 'data[0].level'],
  ['a missing field', json => delete first(json)['seq'], 'data[0].seq'],
  ['an unknown field', json => (first(json)['slot'] = 1), 'data[0].slot'],
  ['an unknown field at the top', json => (json['more'] = 1), 'more'],
  ['a digest in capitals', json => (first(json)['digest'] = 'A'.repeat(64)), 'data[0].digest'],
  [
    'a chain with a slip',
    json => (first(json)['chain_id'] = 'NetXdQprcVkpaWV'),
    'data[0].chain_id',
  ],
  ['another kind', json => (first(json)['kind'] = 'endorsement'), 'data[0].kind'],
  ['a site with a space', json => (first(json)['site'] = 'u s'), 'data[0].site'],
  ['a floor with bytes', json => (first(json)['digest'] = null), 'data[0].bytes'],
  ['a latch from nowhere', json => (first(json)['mode'] = 'latched'), 'data[0].latched_from'],
  [
    'a frozen row handed to nobody',
    json => (first(json)['mode'] = 'frozen'),
    'data[0].handed_epoch',
  ],
  ['data that are no list', json => (json['data'] = {}), 'data'],
  ['a row that is none', json => (json['data'] = [7]), 'data[0]'],
  ['a key without its signature', json => (json['signed_by'] = KEY), 'signature'],
  ['metadata that are none', json => (json['metadata'] = null), 'metadata'],
  [
    'a time that is none',
    json => ((json['metadata'] as Json & object) = { ...file().metadata, made_at: 'now' }),
    'metadata.made_at',
  ],
])('%s is refused by the name of its field', (_what, change, field) => {
  expect(reread(change)).toMatchObject({ ok: false, error: { code: 'bad_field', field } });
});

test('a payload of a block, another format, a later version, the same row twice and too much are refused', () => {
  const withBytes = (json: Record<string, unknown>): void => {
    Object.assign((json['data'] as object[])[1] ?? {}, { digest: 'a'.repeat(64), bytes: '11' });
  };
  expect(reread(withBytes)).toMatchObject({ error: { field: 'data[1].bytes' } });
  const metadata = file().metadata;
  for (const other of [{ format: 'eip-3076' }, { version: 2 }]) {
    const changed = reread(json => (json['metadata'] = { ...metadata, ...other }));
    expect(changed).toMatchObject({ ok: false, error: { code: 'other_format' } });
  }
  const twice = reread(json => (json['data'] as unknown[]).push(first(json)));
  expect(twice).toMatchObject({ error: { code: 'twice', field: 'data[3]' } });
  const many = reread(json => (json['data'] = Array.from({ length: ENTRIES_MAX + 1 }, () => 0)));
  expect(many).toMatchObject({ error: { code: 'too_many' } });
  const large = readInterchange(' '.repeat(FILE_BYTES_MAX + 1));
  expect(large).toMatchObject({ error: { code: 'too_large' } });
  expect(readInterchange('{')).toMatchObject({ error: { code: 'not_json' } });
  expect(readInterchange('[]')).toMatchObject({ error: { code: 'bad_field' } });
});

test('whatever JSON a file holds, reading it gives a file or a reason', () => {
  fc.assert(
    fc.property(fc.json(), text => {
      const read = readInterchange(text);
      expect(read.ok).toBe(false);
    }),
  );
});

test('canonical text is one for all orders of names, plain ASCII, and the same value again', () => {
  expect(canonicalJson({ b: [1, null, true], a: 'é"\n', '': {} })).toBe(
    '{"":{},"a":"\\u00e9\\"\\n","b":[1,null,true]}',
  );
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), value => {
      const text = canonicalJson(value as Json);
      expect(text).toMatch(/^[ -~]*$/);
      // JSON has one zero.
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('a tz4 key has rows like any other', () => {
  const row = { ...freshRow('block'), pkh: TZ4 };
  expect(granted(readInterchange(JSON.stringify(interchangeOf([row], MADE)))).data).toHaveLength(1);
});
