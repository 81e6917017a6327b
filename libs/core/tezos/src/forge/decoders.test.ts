import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase58 } from '../base58.ts';
import { TEZOS_ERRORS, TezosError } from '../errors.ts';
import { toHex } from '../hex.ts';
import { decode, encode, type Encoding } from './encoding.ts';
import { ENCODINGS, VARIANTS } from './fixtures.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hex = (constraints: fc.IntArrayConstraints) => fc.uint8Array(constraints).map(toHex);
const hash = (
  kind: 'blockHash' | 'payloadHash' | 'contextHash' | 'nonceHash' | 'operationListListHash',
) => bytesOf(32).map(data => toBase58(kind, data));
const int31 = fc.nat(2 ** 31 - 1);
const slot = fc.nat(2 ** 16 - 1);
const bitset = fc.bigInt({ min: 0n, max: 2n ** 200n }).map(String);

/** Never 64 zeros, which stand for no signature. */
const longSignature = bytesOf(96).map(data => toBase58('BLsig', data));
const shortSignature = bytesOf(64).map(data => toBase58('sig', data.with(0, data[0]! | 1)));
const signature = fc.oneof(longSignature, shortSignature);

const consensus = { level: int31, round: int31, block_payload_hash: hash('payloadHash') };
const kindOf = (...kinds: string[]) => fc.constantFrom(...kinds);
const vote = fc.oneof(
  fc.record({ kind: kindOf('preattestation', 'attestation'), slot, ...consensus }),
  fc.record({ kind: kindOf('attestation_with_dal'), slot, ...consensus, dal_attestation: bitset }),
);
const blsVote = fc.record({
  kind: kindOf('bls_mode_preattestation', 'bls_mode_attestation'),
  ...consensus,
});
const aggregate = fc.oneof(
  fc.record({
    kind: kindOf('preattestations_aggregate'),
    consensus_content: fc.record(consensus),
    committee: fc.array(slot, { maxLength: 5 }),
  }),
  fc.record({
    kind: kindOf('attestations_aggregate'),
    consensus_content: fc.record(consensus),
    committee: fc.array(fc.record({ slot, dal_attestation: bitset }, { requiredKeys: ['slot'] }), {
      maxLength: 5,
    }),
  }),
);
const operation = (content: fc.Arbitrary<object>) =>
  fc.record({ branch: hash('blockHash'), contents: content.map(each => [each]) });
const signed = (unsigned: fc.Arbitrary<object>, required: boolean) =>
  fc
    .tuple(unsigned, required ? signature : fc.option(signature, { nil: undefined }))
    .map(([each, text]) => (text === undefined ? each : { ...each, signature: text }));

const shell = {
  level: int31,
  proto: fc.nat(255),
  predecessor: hash('blockHash'),
  timestamp: fc
    .bigInt({ min: -62_167_219_200n, max: 253_402_300_799n })
    .map(each => new Date(Number(each) * 1000).toISOString().replace('.000Z', 'Z')),
  validation_pass: fc.nat(255),
  operations_hash: hash('operationListListHash'),
  fitness: fc.array(hex({ maxLength: 8 }), { maxLength: 6 }),
  context: hash('contextHash'),
};
const perBlockVote = kindOf('on', 'off', 'pass');
const headerVotes = {
  escape: { liquidity_baking_escape_vote: fc.boolean() },
  toggle: { liquidity_baking_toggle_vote: perBlockVote },
  'toggle-and-adaptive': {
    liquidity_baking_toggle_vote: perBlockVote,
    adaptive_issuance_vote: perBlockVote,
  },
};
const header = (votes: keyof typeof headerVotes): fc.Arbitrary<object> => {
  const fields: Record<string, fc.Arbitrary<unknown>> = {
    ...shell,
    payload_hash: hash('payloadHash'),
    payload_round: int31,
    proof_of_work_nonce: hex({ minLength: 8, maxLength: 8 }),
    ...headerVotes[votes],
  };
  const seeded = fc.record({ ...fields, seed_nonce_hash: hash('nonceHash') });
  return fc.oneof<fc.Arbitrary<object>[]>(fc.record(fields), seeded);
};

/** A denunciation of this protocol. */
function evidence(votes: keyof typeof headerVotes): fc.Arbitrary<object> {
  const content = fc.oneof<fc.Arbitrary<object>[]>(vote, aggregate);
  const inlined = fc.record({ branch: hash('blockHash'), operations: content, signature });
  const block = signed(header(votes), true);
  return fc.oneof<fc.Arbitrary<object>[]>(
    fc.record({
      kind: kindOf('double_consensus_operation_evidence'),
      slot,
      op1: inlined,
      op2: inlined,
    }),
    fc.record({ kind: kindOf('double_baking_evidence'), bh1: block, bh2: block }),
  );
}

/** The JSON of every encoding of the table. */
const VALUES = new Map<string, fc.Arbitrary<unknown>>([
  ['unsignedVote', operation(vote)],
  ['blsModeVote', operation(blsVote)],
  ['operationShell', fc.record({ branch: hash('blockHash') })],
  ['rawOperation', fc.record({ branch: hash('blockHash'), data: hex({ maxLength: 200 }) })],
  ['operationSignature', signature],
  ['shellHeader', fc.record(shell)],
  ['rawBlockHeader', fc.record({ ...shell, protocol_data: hex({ maxLength: 200 }) })],
  [
    'fitnessTuple',
    fc.record(
      { level: int31, locked_round: int31, predecessor_round: int31, round: int31 },
      { requiredKeys: ['level', 'predecessor_round', 'round'] },
    ),
  ],
  ...VARIANTS.flatMap(
    ({ number, support, headerVotes: votes }): [string, fc.Arbitrary<unknown>][] => {
      const own = support === 'full' ? [vote, aggregate, evidence(votes)] : [vote];
      const content = operation(fc.oneof<fc.Arbitrary<object>[]>(...own));
      return [
        [`unsignedOperation ${number}`, content],
        [`signedOperation ${number}`, signed(content, false)],
        [`unsignedBlockHeader ${number}`, header(votes)],
        [`blockHeader ${number}`, signed(header(votes), true)],
      ];
    },
  ),
]);

function valuesOf(name: string): fc.Arbitrary<unknown> {
  const found = VALUES.get(name);
  if (found === undefined) throw new Error(`no values for ${name}`);
  return found;
}

/** A value that comes back as these very bytes, or a TezosError that says where; whether it was read. */
function readOrRefuse(encoding: Encoding<unknown>, bytes: Uint8Array): boolean {
  let value: unknown;
  try {
    value = decode(encoding, bytes);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    expect(Object.keys(TEZOS_ERRORS)).toContain(error.code);
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    return false;
  }
  expect(toHex(encode(encoding, value))).toBe(toHex(bytes));
  return true;
}

test('there are values for every encoding', () => {
  expect([...VALUES.keys()]).toEqual(ENCODINGS.map(([name]) => name));
});

describe.each(ENCODINGS)('%s', (name, encoding) => {
  const values = valuesOf(name);

  test('comes back from its bytes', () => {
    const property = fc.property(values, value => {
      const bytes = encode(encoding, value);
      expect(decode(encoding, bytes)).toEqual(value);
    });
    fc.assert(property, { numRuns: 25 });
  });

  test('is refused at every length but its own, or is another value', () => {
    const property = fc.property(values, value => {
      const bytes = encode(encoding, value);
      for (let length = 0; length < bytes.length; length += 1 + (length >> 5)) {
        readOrRefuse(encoding, bytes.subarray(0, length));
      }
      for (const extra of [[0], [0xff], [0, 0, 0, 0], [...bytes]]) {
        readOrRefuse(encoding, Uint8Array.of(...bytes, ...extra));
      }
    });
    fc.assert(property, { numRuns: 2 });
  });

  test('with a bit flipped or a byte set is refused, or is another value', () => {
    const change = fc.tuple(fc.nat(), fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128), fc.nat(255));
    const property = fc.property(values, fc.array(change, { minLength: 1 }), (value, changes) => {
      const bytes = encode(encoding, value);
      for (const [at, bit, byte] of changes) {
        const place = at % bytes.length;
        readOrRefuse(encoding, bytes.with(place, bytes[place]! ^ bit));
        readOrRefuse(encoding, bytes.with(place, byte));
      }
    });
    fc.assert(property, { numRuns: 25 });
  });

  test('of random bytes is refused, or comes back as the same bytes', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      readOrRefuse(encoding, bytes);
    });
    fc.assert(property, { numRuns: 50 });
  });
});

test('bytes inside a larger buffer are read from their own start', () => {
  for (const [name, encoding] of ENCODINGS) {
    const [value] = fc.sample(valuesOf(name), { seed: 1, numRuns: 1 });
    const bytes = encode(encoding, value);
    const larger = Uint8Array.of(9, 9, 9, ...bytes, 9, 9);
    expect(decode(encoding, larger.subarray(3, 3 + bytes.length))).toEqual(value);
  }
});
