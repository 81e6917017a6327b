import { instant } from '@meridian/prelude';
import { handChain } from '@meridian/sandbox-chain/hand';
import type { Ballot } from '@meridian/tenderbake';
import { toBase58, type Slot } from '@meridian/tezos';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import { expect, test } from 'vitest';
import { newTruth, SIGN_MS } from './truth.ts';

function setUp() {
  const chain = handChain();
  for (let level = 1; level <= 4; level += 1) chain.grow();
  const block = chain.head();
  const truth = newTruth(chain);
  truth.block(block);
  const [seat] = chain.rights(block.level).seats;
  if (seat === undefined) throw new Error('every level has seats');
  const ballot: Ballot = {
    kind: 'preattestation',
    delegate: seat.delegate,
    consensusKey: publicKeyHashOf(seat.consensusKey),
    slot: seat.attestationSlot,
    level: block.level,
    round: block.round,
    payloadHash: block.payloadHash,
    branch: chain.block(block.header.predecessor)?.header.predecessor ?? block.hash,
  };
  return { chain, block, truth, ballot };
}

test('a vote is right for a block of the chain alone, on its branch, from its own seat', () => {
  const { truth, ballot, block } = setUp();
  expect(truth.isRight(ballot)).toBe(true);
  const payloadHash = toBase58('payloadHash', new Uint8Array(32).fill(1));
  expect(truth.isRight({ ...ballot, payloadHash })).toBe(false);
  expect(truth.isRight({ ...ballot, branch: block.hash })).toBe(false);
  expect(truth.isRight({ ...ballot, slot: 3 as Slot })).toBe(false);
});

test('the first node to bring a block sets the time from which its vote is late', () => {
  const { truth, ballot, block } = setUp();
  const word = { kind: 'block', stream: 'heads', item: { hash: block.hash } } as const;
  truth.heard({ ...word, node: 'one', at: instant(1_000) });
  truth.heard({ ...word, node: 'two', at: instant(1_400) });
  truth.handedOver(ballot, instant(1_000 + SIGN_MS));
  truth.handedOver(ballot, instant(1_025 + SIGN_MS));
  expect(truth.added()).toEqual({ count: 2, p50: 25, p99: 25, max: 25 });
});

test('an attestation is late from the vote on that completes a prequorum', () => {
  const { truth, ballot, block, chain } = setUp();
  const item = { hash: block.hash };
  truth.heard({ kind: 'block', stream: 'heads', item, node: 'one', at: instant(1_000) });
  const { level, round, payloadHash: block_payload_hash } = ballot;
  chain.rights(level).seats.forEach(({ attestationSlot: slot }, rank) => {
    const content = { kind: 'preattestation', slot, level, round, block_payload_hash };
    const at = instant(1_100 + 100 * rank);
    truth.heard({ kind: 'operations', items: [{ contents: [content] }], node: 'one', at });
  });
  truth.handedOver({ ...ballot, kind: 'attestation' }, instant(1_107 + SIGN_MS));
  expect(truth.added().max).toBe(7);
});
