import { expect } from 'vitest';
import { fromHex, toHex, type ChainId, type Protocol, type PublicKey } from '@meridian/tezos';
import type { Signature } from '@meridian/tezos';
import { publicKeyHashOf, verify } from '@meridian/tezos/crypto';
import { hashOperation } from '@meridian/tezos/hash';
import { decode, encode, readSignBytes, signedOperation } from '@meridian/tezos/forge';
import { voteModeOf, voteSignBytes, type Unsigned, type Vote } from '@meridian/tezos/forge';
import { protocolOf, protocolOfHash } from '../vectors/codec.ts';
import { checkEach, testShared } from '../vectors/load.ts';
import { flipped } from './node-json.ts';

type RecordedVote = {
  readonly id: string;
  readonly protocol: string | null;
  readonly chain_id: ChainId | null;
  readonly hash: string | null;
  readonly consensus_key?: string;
  readonly public_key?: PublicKey;
  readonly operation: {
    readonly branch: string;
    readonly contents: readonly [{ readonly kind: string; readonly level?: number }];
    readonly signature: Signature;
  };
  readonly signed_bytes_hex?: string;
};

const FILE = 'realdata/consensus_ops.json';
const idOf = ({ id }: RecordedVote): string => id;
/** Until 017 the votes had other names; their bytes are the same. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  endorsement: 'attestation',
  preendorsement: 'preattestation',
};

function votesOf(content: unknown): readonly RecordedVote[] {
  return content as readonly RecordedVote[];
}

function protocolFor({ protocol }: RecordedVote): Protocol {
  return protocol === null ? protocolOf('025') : protocolOfHash(protocol);
}

/** The operation with its kind as it is called today. */
function operationOf({ operation }: RecordedVote): object {
  const [content] = operation.contents;
  const kind = OLD_NAMES[content.kind] ?? content.kind;
  return { ...operation, contents: [{ ...content, kind }] };
}

testShared(FILE, 'an operation is forged to the bytes of its hash and read back', content => {
  const hashed = votesOf(content).filter(({ hash }) => hash !== null);
  checkEach(hashed, 55, idOf, vote => {
    const encoding = signedOperation(protocolFor(vote));
    const bytes = encode(encoding, operationOf(vote));
    expect(hashOperation(bytes)).toBe(vote.hash);
    expect(decode(encoding, bytes)).toEqual(operationOf(vote));
    expect(hashOperation(flipped(bytes))).not.toBe(vote.hash);
  });
});

testShared(FILE, 'what was signed is what this lib would ask a signer to sign', content => {
  const signed = votesOf(content).filter(vote => vote.signed_bytes_hex !== undefined);
  checkEach(signed, 53, idOf, vote => {
    const chainId = vote.chain_id!;
    const { branch, contents } = operationOf(vote) as Unsigned<Vote>;
    const payload = voteSignBytes(chainId, { branch, contents }, 'plain');
    expect(toHex(payload)).toBe(vote.signed_bytes_hex);
    const kind = contents[0].kind === 'preattestation' ? 'preattestation' : 'attestation';
    const { level, round, slot } = contents[0];
    expect(readSignBytes(payload)).toMatchObject({ kind, chainId, branch, level, round, slot });
  });
});

testShared(
  FILE,
  'a signature verifies where the key is known, and not with a bit flipped',
  content => {
    const known = votesOf(content).filter(({ public_key }) => public_key !== undefined);
    checkEach(known, 27, idOf, vote => {
      const key = vote.public_key!;
      expect(publicKeyHashOf(key)).toBe(vote.consensus_key);
      expect(voteModeOf(key)).toBe('plain');
      const payload = fromHex(vote.signed_bytes_hex!);
      const { signature } = vote.operation;
      expect(verify(key, signature, payload)).toBe(true);
      expect(verify(key, signature, flipped(payload))).toBe(false);
    });
  },
);
