import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { toBase58 } from '@meridian/tezos';
import { interchangeOf, readInterchange, signInterchange } from '@meridian/watermark/interchange';
import { publicKeyOf, secretKeyOfSeed } from '@meridian/tezos/crypto';

/* docs/interchange.schema.json takes what the reader takes, and nothing else: a schema that is kinder helps nobody. */

const SCHEMA = join(import.meta.dirname, '../../docs/interchange.schema.json');
const takes = new Ajv().compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);

const SECRET = secretKeyOfSeed('tz1', new Uint8Array(32).fill(1));
const CHAIN = toBase58('chainId', Uint8Array.of(1, 2, 3, 4));
const EDSIG = toBase58('edsig', new Uint8Array(64).fill(1));

/** Good and bad values of each field; what only a checksum tells from good is left out. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  chain_id: [CHAIN, 'NetX', 'main', 1, null],
  public_key_hash: [
    toBase58('tz1', new Uint8Array(20)),
    toBase58('tz4', new Uint8Array(20).fill(255)),
    toBase58('tz5', new Uint8Array(20)),
    'KT1',
    null,
  ],
  kind: ['block', 'attestation', 'preattestation', 'endorsement', null],
  level: [0, 2 ** 31 - 1, 2 ** 31, -1, 0.5, '1', null],
  round: [0, 7, -1, null],
  digest: [null, 'a'.repeat(64), 'A'.repeat(64), 'a'.repeat(63), 1],
  bytes: [null, '00', 'ff'.repeat(512), 'ff'.repeat(513), '', 'f', 1],
  signature: [
    null,
    EDSIG,
    toBase58('BLsig', new Uint8Array(96)),
    toBase58('sig', new Uint8Array(64).fill(255)),
    toBase58('spsig1', new Uint8Array(64)),
    toBase58('p2sig', new Uint8Array(64).fill(7)),
    'edsig',
    1,
  ],
  mode: ['standby', 'active', 'frozen', 'latched', 'asleep', null],
  latched_from: [null, 'active', 'standby', 'frozen', 'latched'],
  history: ['new', 'known', 'doubtful', 'old', null],
  site: ['us', '!', '~'.repeat(100), '~'.repeat(101), '', 'a b', 'é', null],
  epoch: [0, 2 ** 53 - 1, 2 ** 53, -1, 1.5, null],
  incarnation: ['first', '', null],
  generation: [0, 1, -1, null],
  max_level: [null, 0, 2 ** 31 - 1, 2 ** 31, -1],
  handed_epoch: [null, 0, 3, -1, 'x'],
  burnt_epoch: [0, 1, null],
  seq: [0, 1, -1, null],
};

/** A row: mostly good values, here and there another, a missing or an unknown field. */
const row = fc
  .tuple(
    fc.record(
      Object.fromEntries(
        Object.entries(VALUES).map(([name, [good, ...others]]) => [
          name,
          fc.oneof(
            { weight: 20, arbitrary: fc.constant(good) },
            { weight: 1, arbitrary: fc.constantFrom(...others) },
          ),
        ]),
      ),
    ),
    fc.oneof(
      { weight: 10, arbitrary: fc.constant([]) },
      fc.subarray(Object.keys(VALUES), { maxLength: 1 }),
    ),
    fc.oneof({ weight: 10, arbitrary: fc.constant({}) }, fc.constant({ slot: 1 })),
  )
  .map(([fields, missing, more]) => {
    const kept = Object.entries(fields).filter(([name]) => !missing.includes(name as never));
    return { ...Object.fromEntries(kept), ...more };
  });

const metadata = fc.record({
  format: fc.constantFrom(
    'meridian-watermark-interchange',
    'meridian-watermark-interchange',
    'eip-3076',
  ),
  version: fc.constantFrom(1, 1, 1, 2, '1'),
  site: fc.constantFrom('us', 'us', 'us', ''),
  made_at: fc.constantFrom(
    '2026-11-25T08:00:00Z',
    '2026-11-25T08:00:00Z',
    '2026-13-25T08:00:00Z',
    '2026-11-25T08:00:00.5Z',
  ),
  store: fc.constantFrom(null, 'db-1', 'a b'),
});

const file = fc.record({
  metadata: fc.oneof({ weight: 10, arbitrary: metadata }, fc.constant([])),
  data: fc.oneof({ weight: 10, arbitrary: fc.array(row, { maxLength: 1 }) }, fc.constant({})),
  signed_by: fc.constantFrom(null, null, null, publicKeyOf(SECRET), 'edpk'),
  signature: fc.constantFrom(null, null, null, EDSIG, 'edsig'),
});

test('the schema and the reader take the same files', () => {
  let taken = 0;
  fc.assert(
    fc.property(file, value => {
      const read = readInterchange(JSON.stringify(value));
      expect({ taken: takes(value), value }).toEqual({ taken: read.ok, value });
      taken += Number(read.ok);
    }),
    { numRuns: 4_000, seed: 1 },
  );
  // Both sides of the border were walked.
  expect(taken).toBeGreaterThan(50);
});

test('each value of each field alone is taken by both or by neither', () => {
  const good = Object.fromEntries(Object.entries(VALUES).map(([name, [value]]) => [name, value]));
  // A vote with its payload, so that fields that belong together are free to be there.
  const signed = { ...good, kind: 'attestation', digest: 'a'.repeat(64) };
  for (const base of [
    good,
    signed,
    { ...signed, mode: 'frozen' },
    { ...signed, mode: 'latched' },
  ]) {
    for (const [name, values] of Object.entries(VALUES)) {
      for (const value of values) {
        const empty = interchangeOf([], {
          site: 'us',
          madeAt: '2026-11-25T08:00:00Z',
          store: null,
        });
        const whole = { ...empty, data: [{ ...base, [name]: value }] };
        const read = readInterchange(JSON.stringify(whole));
        expect({ name, value, base, taken: takes(whole) }).toEqual({
          name,
          value,
          base,
          taken: read.ok,
        });
      }
    }
  }
});

test('a signed file is taken', () => {
  const empty = interchangeOf([], { site: 'us', madeAt: '2026-11-25T08:00:00Z', store: 'a' });
  expect(takes(signInterchange(empty, SECRET))).toBe(true);
});
