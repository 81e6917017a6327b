import { expect } from 'vitest';
import { readFitness, toHex } from '@meridian/tezos';
import type { ChainId, Protocol, PublicKey, Signature } from '@meridian/tezos';
import { publicKeyHashOf, verify } from '@meridian/tezos/crypto';
import { hashBlock, proofOfWorkStamp } from '@meridian/tezos/hash';
import { blockHeader, blockSignBytes, decode, encode, readSignBytes } from '@meridian/tezos/forge';
import { unsignedBlockHeader } from '@meridian/tezos/forge';
import { protocolOf, protocolOfHash } from '../vectors/codec.ts';
import { checkEach, testShared } from '../vectors/load.ts';
import { flipped, without } from './node-json.ts';

type RecordedHeader = {
  readonly id: string;
  readonly protocol: string;
  readonly chain_id: ChainId;
  readonly hash: string;
  readonly header: {
    readonly level: number;
    readonly fitness: readonly string[];
    readonly signature: Signature;
  };
  readonly baker_consensus_key?: string;
  readonly public_key?: PublicKey;
  readonly note?: string;
  readonly checks: {
    readonly block_hash: boolean;
    readonly pow_stamp_hex: string;
    readonly pow_below_2_48?: boolean;
  };
};

const FILE = 'realdata/block_headers.json';
const MAINNET_THRESHOLD = 2n ** 48n - 1n;
const idOf = ({ id }: RecordedHeader): string => id;

function protocolFor({ protocol }: RecordedHeader): Protocol {
  // The 2022 sandbox names no protocol; its headers have one vote, as in 014.
  return protocol.startsWith('sandbox') ? protocolOf('014') : protocolOfHash(protocol);
}

function positives(content: unknown): readonly RecordedHeader[] {
  return (content as readonly RecordedHeader[]).filter(({ checks }) => checks.block_hash);
}

/** The header as its node had it: the publisher of the 012 fixtures renamed the vote that 012 has. */
function headerOf(recorded: RecordedHeader): RecordedHeader['header'] {
  if (protocolFor(recorded).number !== '012') return recorded.header;
  const rest = without(recorded.header, 'liquidity_baking_toggle_vote') as RecordedHeader['header'];
  return { ...rest, ...{ liquidity_baking_escape_vote: false } };
}

function unsignedBytes(recorded: RecordedHeader): Uint8Array {
  const unsigned = without(headerOf(recorded), 'signature');
  return encode(unsignedBlockHeader(protocolFor(recorded)), unsigned);
}

testShared(FILE, 'a header is forged to the bytes of its hash and read back', content => {
  checkEach(positives(content), 9, idOf, recorded => {
    const encoding = blockHeader(protocolFor(recorded));
    const bytes = encode(encoding, headerOf(recorded));
    expect(hashBlock(bytes)).toBe(recorded.hash);
    expect(decode(encoding, bytes)).toEqual(headerOf(recorded));
    expect(hashBlock(flipped(bytes))).not.toBe(recorded.hash);
  });
});

testShared(FILE, 'a header has the proof of work given', content => {
  checkEach(positives(content), 9, idOf, recorded => {
    const stamp = proofOfWorkStamp(unsignedBytes(recorded));
    expect(stamp.toString(16).padStart(16, '0')).toBe(recorded.checks.pow_stamp_hex);
    const { pow_below_2_48: below } = recorded.checks;
    if (below !== undefined) expect(stamp <= MAINNET_THRESHOLD).toBe(below);
  });
});

testShared(FILE, 'a signer reads the level, round and chain of what was signed', content => {
  checkEach(positives(content), 9, idOf, recorded => {
    const payload = blockSignBytes(recorded.chain_id, unsignedBytes(recorded));
    const { level, fitness } = recorded.header;
    const { round } = readFitness(fitness);
    const chainId = recorded.chain_id;
    expect(readSignBytes(payload)).toMatchObject({ kind: 'block', chainId, level, round });
  });
});

testShared(
  FILE,
  'a signature verifies where the key is known, and not with a bit flipped',
  content => {
    const known = positives(content).filter(({ public_key }) => public_key !== undefined);
    checkEach(known, 4, idOf, recorded => {
      const key = recorded.public_key!;
      expect(publicKeyHashOf(key)).toBe(recorded.baker_consensus_key);
      const payload = blockSignBytes(recorded.chain_id, unsignedBytes(recorded));
      const { signature } = recorded.header;
      expect(verify(key, signature, payload)).toBe(true);
      expect(verify(key, signature, flipped(payload))).toBe(false);
    });
  },
);

testShared(FILE, 'the negatives are refused as given and match as their note says', content => {
  const negatives = (content as readonly RecordedHeader[]).filter(
    ({ checks }) => !checks.block_hash,
  );
  /** What each of them lost, put back; with what it is refused as given. */
  const repairs: Readonly<Record<string, readonly [repaired: object, code: string]>> = {
    'PsParisCZ-989795': [{ adaptive_issuance_vote: 'pass' }, 'missing_field'],
    'Psithaca2-440680': [{}, 'unknown_field'],
  };
  expect(negatives.map(idOf).toSorted()).toEqual(Object.keys(repairs).toSorted());
  checkEach(negatives, 2, idOf, recorded => {
    const encoding = blockHeader(protocolFor(recorded));
    const [lost, code] = repairs[recorded.id]!;
    expect(() => encode(encoding, recorded.header)).toThrow(
      expect.objectContaining({ name: 'TezosError', code }) as Error,
    );
    const repaired = encode(encoding, { ...headerOf(recorded), ...lost });
    expect(hashBlock(repaired)).toBe(recorded.hash);
    expect(toHex(encode(encoding, decode(encoding, repaired)))).toBe(toHex(repaired));
  });
});

testShared(FILE, 'the negatives do not match under a layout that takes them as given', content => {
  const negatives = (content as readonly RecordedHeader[]).filter(
    ({ checks }) => !checks.block_hash,
  );
  checkEach(negatives, 2, idOf, recorded => {
    const bytes = encode(blockHeader(protocolOf('014')), recorded.header);
    expect(hashBlock(bytes)).not.toBe(recorded.hash);
  });
});
