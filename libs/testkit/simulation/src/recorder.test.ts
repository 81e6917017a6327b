import { level, round, slot, toBase58, type ChainId } from '@meridian/tezos';
import { voteSignBytes, type Unsigned, type Vote, type VoteMode } from '@meridian/tezos/forge';
import { expect, test } from 'vitest';
import { newRecorder, placeIn } from './recorder.ts';

const CHAIN = toBase58('chainId', Uint8Array.of(1, 2, 3, 4)) satisfies ChainId;

function bytesOf(kind: 'preattestation' | 'attestation', mode: VoteMode, payload = 1): Uint8Array {
  const vote: Unsigned<Vote> = {
    branch: toBase58('blockHash', new Uint8Array(32).fill(9)),
    contents: [
      {
        ...{ kind, slot: slot(7), level: level(12), round: round(3) },
        block_payload_hash: toBase58('payloadHash', new Uint8Array(32).fill(payload)),
      },
    ],
  };
  return voteSignBytes(CHAIN, vote, mode);
}

test.each([
  ['preattestation', 'plain'],
  ['attestation', 'plain'],
  ['preattestation', 'bls'],
  ['attestation', 'bls'],
] as const)('the place of a vote is read from its bytes: %s, %s', (kind, mode) => {
  expect(placeIn(bytesOf(kind, mode))).toEqual({ kind, level: 12, round: 3 });
});

test('a second digest at one place is a broken promise, the same again is none', () => {
  const recorder = newRecorder();
  const vote = bytesOf('attestation', 'plain');
  expect(recorder.note('tz1a', vote)).toBe(undefined);
  expect(recorder.note('tz1a', vote)).toBe(undefined);
  expect(recorder.note('tz1b', bytesOf('attestation', 'plain', 2))).toBe(undefined);
  expect(recorder.note('tz1a', bytesOf('preattestation', 'plain', 2))).toBe(undefined);
  expect(recorder.note('tz1a', bytesOf('attestation', 'plain', 2))).toBe(
    'signed twice: tz1a attestation 12/3',
  );
  expect(recorder.places()).toBe(3);
});
