import { expect } from 'vitest';
import { fromHex, TezosError, toHex } from '@meridian/tezos';
import { decode, encode } from '@meridian/tezos/forge';
import { encodingOf, protocolOf, withGenericSignatures } from './codec.ts';
import { checkEach, testShared } from './load.ts';

type Sample = {
  readonly id: string;
  readonly protocol: string;
  readonly encoding: string;
  readonly name: string;
  readonly json: object | string | number;
  readonly hex: string;
};

/** The samples that this lib forges, by name, with how many there are: one a protocol. */
const FORGED: Readonly<Record<string, number>> = {
  'operation-double-baking-evidence': 4,
  'operation-double-attestation-evidence': 4,
  'operation.unsigned-double-attestation-evidence': 4,
  'operation.unsigned-double-consensus-operation-evidence': 4,
  'operation.unsigned-double-preattestation-evidence': 4,
};

/** Operations that are not Meridian's to sign, which must be refused and never half understood. */
const REFUSED: Readonly<Record<string, number>> = {
  'operation-batch-reveal-transaction': 4,
  'operation-dal-entrapment-aggregate-evidence': 4,
  'operation-reveal': 4,
  'operation-update-consensus-key': 4,
  'operation.unsigned-dal-entrapment-aggregate-evidence': 4,
  'operation.unsigned-reveal': 4,
  'operation.unsigned-reveal-with-proof': 4,
  'operation.unsigned-seed-nonce-revelation': 4,
  'operation.unsigned-update-companion-key': 4,
};

/** Values that are no operation and no header: the lib has no encoding of that name. */
const WITHOUT_ENCODING: Readonly<Record<string, number>> = {
  'cycle-zero': 4,
  nonce: 4,
  'period-positive': 4,
  'raw_level-zero': 4,
  timestamp: 4,
};

const FILE = 'vectors/encodings_upstream_other.json';

function samplesOf(content: unknown, table: Readonly<Record<string, number>>): readonly Sample[] {
  const samples = (content as { vectors: readonly Sample[] }).vectors;
  return samples.filter(({ name }) => name in table);
}

testShared(FILE, 'every sample is in one of the tables of this test', content => {
  const samples = (content as { vectors: readonly Sample[] }).vectors;
  const counts: Record<string, number> = {};
  for (const { name } of samples) counts[name] = (counts[name] ?? 0) + 1;
  expect(counts).toEqual({ ...FORGED, ...REFUSED, ...WITHOUT_ENCODING });
});

testShared(FILE, 'evidence of double signing is encoded to its bytes and read back', content => {
  checkEach(
    samplesOf(content, FORGED),
    20,
    ({ id }) => id,
    sample => {
      const encoding = encodingOf(sample.encoding, protocolOf(sample.protocol));
      if (encoding === undefined) throw new Error(`no encoding ${sample.encoding}`);
      expect(toHex(encode(encoding, sample.json))).toBe(sample.hex);
      const decoded = decode(encoding, fromHex(sample.hex));
      expect(decoded).toEqual(withGenericSignatures(sample.json));
      expect(toHex(encode(encoding, decoded))).toBe(sample.hex);
    },
  );
});

testShared(FILE, 'every other operation is refused, as JSON and as bytes', content => {
  checkEach(
    samplesOf(content, REFUSED),
    36,
    ({ id }) => id,
    sample => {
      const encoding = encodingOf(sample.encoding, protocolOf(sample.protocol));
      if (encoding === undefined) throw new Error(`no encoding ${sample.encoding}`);
      const { contents } = sample.json as { contents: readonly unknown[] };
      const isBatch = contents.length > 1;
      expect(codeOf(() => encode(encoding, sample.json))).toBe(
        isBatch ? 'bad_type' : 'unknown_kind',
      );
      expect(codeOf(() => decode(encoding, fromHex(sample.hex)))).toBe('unknown_kind');
    },
  );
});

testShared(FILE, 'the values that are no operation have no encoding here', content => {
  checkEach(
    samplesOf(content, WITHOUT_ENCODING),
    20,
    ({ id }) => id,
    sample => {
      expect(encodingOf(sample.encoding, protocolOf(sample.protocol))).toBeUndefined();
    },
  );
});

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TezosError) return error.code;
    throw error;
  }
  return 'accepted';
}
