import { expect } from 'vitest';
import { fromHex, toHex } from '@meridian/tezos';
import { hashOperation } from '@meridian/tezos/hash';
import { decode, encode, signedOperation } from '@meridian/tezos/forge';
import { protocolOf } from '../vectors/codec.ts';
import { checkEach, testShared } from '../vectors/load.ts';
import { forgeable, type NodeOperation } from './node-json.ts';

type EvidenceRow = {
  readonly case: string;
  readonly contents: object;
  readonly forged: string;
  readonly op_hash: string;
  readonly included: { readonly operation: NodeOperation } | null;
};

const FILE = 'realdata/octez-sandbox/evidence.ndjson';
const encoding = signedOperation(protocolOf('025'));

function rowsOf(content: unknown): readonly EvidenceRow[] {
  return content as readonly EvidenceRow[];
}

testShared(FILE, 'evidence that was injected has its hash, is read, and comes back', content => {
  checkEach(
    rowsOf(content),
    10,
    row => row.case,
    row => {
      const bytes = fromHex(row.forged);
      expect(hashOperation(bytes)).toBe(row.op_hash);
      const decoded = decode(encoding, bytes);
      expect(decoded.contents).toEqual([row.contents]);
      expect(decoded.signature).toBeUndefined();
      expect(toHex(encode(encoding, decoded))).toBe(row.forged);
    },
  );
});

testShared(FILE, 'evidence that a block holds is forged from the JSON of the node', content => {
  const included = rowsOf(content).filter(row => row.included !== null);
  checkEach(
    included,
    4,
    row => row.case,
    ({ included: found, forged }) => {
      expect(toHex(encode(encoding, forgeable(found!.operation)))).toBe(forged);
    },
  );
});
