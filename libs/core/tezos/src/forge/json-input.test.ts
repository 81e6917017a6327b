import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TEZOS_ERRORS, TezosError } from '../errors.ts';
import { toHex } from '../hex.ts';
import { decode, encode, type Encoding } from './encoding.ts';
import { BRANCH, ENCODINGS, PAYLOAD_HASH } from './fixtures.ts';

/** Values that no field has, and some that one of them has. */
const ODD: readonly unknown[] = [
  ...[undefined, null, true, false, 0, -0, 1, -1, 0.5, 1e21, -1e21, NaN, Infinity, 5e-324, 7n],
  ...['', '0', '-0', '00', 'NaN', '1e3', '\ud800', '\udfff\ud800', '\0', 'x'.repeat(100_000)],
  ...[
    'sigMzJ4GVAvXEd2RjsKGfG2H9QvqTSKCZsuB2KiHbZRGFz72XgF6KaKADznh674fQgBatxw3xdHqTtMHUZAGRprxy64wg1aq',
  ],
  ...[BRANCH, PAYLOAD_HASH, 'attestation', 'pass', '2024-01-01T00:00:00Z'],
  ...[
    [],
    [[]],
    [null],
    [undefined],
    {},
    { kind: null },
    Object.create(null) as unknown,
    () => 1,
    Symbol('x'),
  ],
  JSON.parse('{"__proto__":{"kind":"attestation"}}'),
  JSON.parse('{"constructor":{"prototype":{}},"toString":1,"hasOwnProperty":true}'),
  { kind: '__proto__' },
  { kind: 'constructor', slot: 1 },
  { kind: 'attestation', __defineGetter__: 1 },
  { length: 1, 0: 'x' },
  new Map([['kind', 'attestation']]),
  new Uint8Array(3),
  new Date(0),
  nested(50_000, value => [value]),
  nested(50_000, value => ({ contents: value })),
];

function nested(depth: number, wrap: (value: unknown) => unknown): unknown {
  let value: unknown = 0;
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
}

/** One value of every kind of field, so that a change lands in each of them. */
const consensus = { level: 1, round: 2, block_payload_hash: PAYLOAD_HASH };
const vote = { kind: 'attestation_with_dal', slot: 3, ...consensus, dal_attestation: '2048' };
const aggregate = {
  kind: 'attestations_aggregate',
  consensus_content: consensus,
  committee: [{ slot: 1 }, { slot: 2, dal_attestation: '64' }],
};
const signature =
  'sigbQ5ZNvkjvGssJgoAnUAfY4Wvvg3QZqawBYB1j1VDBNTMBAALnCzRHWzer34bnfmzgHg3EvwdzQKdxgSghB897cono6gbQ';
const shell = {
  level: 1,
  proto: 1,
  predecessor: BRANCH,
  timestamp: '2026-01-01T00:00:00Z',
  validation_pass: 4,
  operations_hash: 'LLoa7bxRTKaQN2bLYoitYB6bU2DvLnBAqrVjZcvJ364cTcX2PZYKU',
  fitness: ['02', '00000001', '', 'ffffffff', '00000000'],
  context: 'CoUvpF8XBUfz3w9CJumt4ZKGZkrcdcfs1Qdrrd1ZeFij64E1QCud',
};
const header = {
  ...shell,
  payload_hash: PAYLOAD_HASH,
  payload_round: 0,
  proof_of_work_nonce: '101895ca00000000',
  liquidity_baking_toggle_vote: 'pass',
};
const inlined = { branch: BRANCH, operations: vote, signature };
const doubleVote = {
  kind: 'double_consensus_operation_evidence',
  slot: 1,
  op1: inlined,
  op2: { ...inlined, operations: aggregate },
};
const doubleBlock = { kind: 'double_baking_evidence', bh1: { ...header, signature }, bh2: {} };
const SAMPLES: readonly unknown[] = [
  ...[vote, aggregate, doubleVote, doubleBlock].map(each => ({
    branch: BRANCH,
    contents: [each],
    signature,
  })),
  { branch: BRANCH, contents: [vote] },
  { branch: BRANCH, contents: [{ kind: 'bls_mode_attestation', ...consensus }] },
  { branch: BRANCH, data: '00ff' },
  { ...shell, protocol_data: '' },
  shell,
  header,
  { ...header, adaptive_issuance_vote: 'on', signature },
  {
    ...header,
    seed_nonce_hash: 'nceUFoeQDgkJCmzdMWh19ZjBYqQD3N9fe6bXQ1ZsUKKvMn7iun5Z3',
    signature,
  },
  { level: 1, locked_round: 0, predecessor_round: 0, round: 1 },
];

/** Every way to one part of a JSON value. */
function pathsOf(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [[]];
  const below = Object.entries(value).flatMap(([key, part]) =>
    pathsOf(part).map(path => [key, ...path]),
  );
  return [[], ...below];
}

/** A value with one part of it replaced; undefined removes the part from an object. */
function replaced(value: unknown, [key, ...rest]: readonly string[], part: unknown): unknown {
  if (key === undefined) return part;
  const holder = value as Readonly<Record<string, unknown>>;
  const inner = replaced(holder[key], rest, part);
  if (Array.isArray(value))
    return value.map((each: unknown, at) => (at.toString() === key ? inner : each));
  return { ...holder, [key]: inner };
}

/** Bytes that are read back as a value with the same bytes, or a TezosError; never another error. */
function writeOrRefuse(encoding: Encoding<unknown>, value: unknown): void {
  let bytes: Uint8Array;
  try {
    bytes = encode(encoding, value);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    expect(Object.keys(TEZOS_ERRORS)).toContain(error.code);
    expect(error.message.length).toBeLessThan(600);
    return;
  }
  expect(toHex(encode(encoding, decode(encoding, bytes)))).toBe(toHex(bytes));
}

test('the samples reach most encodings', () => {
  const reached = ENCODINGS.filter(([, encoding]) =>
    SAMPLES.some(sample => {
      try {
        return encode(encoding, sample).length > 0;
      } catch {
        return false;
      }
    }),
  );
  expect(reached.length).toBeGreaterThanOrEqual(20);
});

describe.each(ENCODINGS)('JSON for %s', (_, encoding) => {
  test('that is odd as a whole is refused', () => {
    for (const value of ODD) writeOrRefuse(encoding, value);
  });

  test('that is odd in one part is refused with a TezosError, or written and read back', () => {
    for (const sample of SAMPLES) {
      writeOrRefuse(encoding, sample);
      const paths = pathsOf(sample);
      for (const [at, path] of paths.entries()) {
        // Each part with a few odd values, so that over all parts each odd value is tried often.
        for (let turn = 0; turn < 3; turn++) {
          writeOrRefuse(encoding, replaced(sample, path, ODD[(3 * at + turn) % ODD.length]));
        }
      }
    }
  });

  test('of any shape is refused with a TezosError, or written and read back', () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.anything({
        withBigInt: true,
        withNullPrototype: true,
        withSparseArray: true,
        maxDepth: 3,
      }),
    );
    const part = fc.tuple(fc.constantFrom(...SAMPLES), fc.nat(), anything);
    const property = fc.property(anything, part, (value, [sample, at, odd]) => {
      writeOrRefuse(encoding, value);
      const paths = pathsOf(sample);
      writeOrRefuse(encoding, replaced(sample, paths[at % paths.length]!, odd));
    });
    fc.assert(property, { numRuns: 50 });
  });
});

test('an operation with no content or two is refused', () => {
  const refused = expect.objectContaining({ code: 'bad_type', path: 'contents' }) as Error;
  const holdOne = ENCODINGS.filter(([name]) => /Vote$|^(un)?signedOperation/.test(name));
  expect(holdOne.length).toBe(14);
  for (const contents of [[], [vote, vote]]) {
    for (const [name, encoding] of holdOne) {
      expect(() => encode(encoding, { branch: BRANCH, contents }), name).toThrow(refused);
    }
  }
});
