import { level, round, slot, toBase58, type BlockHash, type Level } from '@meridian/tezos';
import { expect, describe, test } from 'vitest';
import { newInclusion, stepInclusion } from './index.ts';
import type { IncludedVote, InclusionEvent, Verdict } from './index.ts';

/** An automaton that is told events; what it wants read and what it decides is gathered. */
function inclusion() {
  let state = newInclusion();
  const verdicts: Verdict[] = [];
  const reads: BlockHash[] = [];
  const hear = (event: InclusionEvent): void => {
    const [next, effects] = stepInclusion(state, event);
    state = next;
    for (const effect of effects) {
      if (effect.kind === 'read') reads.push(effect.hash);
      else verdicts.push(effect.verdict);
    }
  };
  return { hear, verdicts, reads };
}

const blockHash = (name: number): BlockHash => toBase58('blockHash', new Uint8Array(32).fill(name));
const payload = (name: number) => toBase58('payloadHash', new Uint8Array(32).fill(name));
const KEY = 'tz1Ke2h7sDdakHJQh8WX4Z372du1KChsksyU' as never;
const SEAT = { delegate: KEY, consensusKey: KEY, slot: slot(5), power: 1 };

/** A block; its name is its hash, and so is that of the one before it. */
function block(at: number, name: number, before: number, grandparent: number): InclusionEvent {
  const hashes = { hash: blockHash(name), predecessor: blockHash(before) };
  return { kind: 'block', level: level(at), ...hashes, grandparent: blockHash(grandparent) };
}
/** A block of a chain without forks. */
const straight = (at: number): InclusionEvent => block(at, at, at - 1, at - 2);
const seats = (at: number, own = [SEAT]): InclusionEvent => ({
  ...{ kind: 'seats', level: level(at), seats: own },
});
const vote = (at: number, of: number, more: Partial<IncludedVote> = {}): IncludedVote => ({
  ...{ slot: slot(of), level: level(at), round: round(0), payloadHash: payload(1) },
  carrier: 'attestation',
  ...more,
});
const pass = (name: number, ...attestations: readonly IncludedVote[]): InclusionEvent => ({
  ...{ kind: 'pass', hash: blockHash(name), attestations },
});

describe('a level', () => {
  test('has no verdict before a block at L+3, and is read for once its block is confirmed', () => {
    const { hear, verdicts, reads } = inclusion();
    for (const event of [seats(10), straight(10), straight(11), straight(12)]) hear(event);
    expect([verdicts, reads]).toEqual([[], []]);
    hear(straight(13));
    expect([verdicts, reads]).toEqual([[], [blockHash(11)]]);
    hear(pass(11, vote(10, 4), vote(10, 5)));
    expect(verdicts).toEqual([
      {
        ...{ kind: 'decided', level: 10, block: blockHash(11) },
        decision: { round: 0, payloadHash: payload(1) },
        seats: [{ seat: SEAT, vote: vote(10, 5) }],
      },
    ]);
    hear(pass(11, vote(10, 4)));
    hear(straight(13));
    expect(verdicts).toHaveLength(1);
  });

  test('whose next block was replaced is decided by the one that was built on', () => {
    const { hear, verdicts, reads } = inclusion();
    for (const event of [seats(10), straight(10), straight(11), straight(12)]) hear(event);
    hear(block(11, 111, 10, 9));
    hear(block(12, 112, 111, 10));
    hear(block(13, 113, 112, 111));
    expect(reads).toEqual([blockHash(111)]);
    hear(pass(11, vote(10, 5)));
    hear(pass(111, vote(10, 5, { round: round(2) })));
    expect(verdicts).toMatchObject([{ block: blockHash(111), decision: { round: 2 } }]);
  });

  test('whose confirmed block is replaced while it is read starts anew, however often it was asked for', () => {
    const { hear, verdicts, reads } = inclusion();
    for (const event of [seats(10), straight(10), straight(11), straight(12)]) hear(event);
    for (let times = 0; times < 8; times += 1) hear(straight(13));
    hear(block(12, 112, 111, 10));
    hear(block(13, 113, 112, 111));
    expect([...new Set(reads)]).toEqual([blockHash(11), blockHash(111)]);
    hear(pass(11, vote(10, 5)));
    expect(verdicts).toEqual([]);
    hear(pass(111, vote(10, 4)));
    expect(verdicts).toMatchObject([{ kind: 'decided', seats: [{ vote: undefined }] }]);
  });

  test('is told with what it decided though the own vote is missing; votes for other levels are none', () => {
    const { hear, verdicts } = inclusion();
    for (const event of [seats(10), straight(10), straight(12), straight(13)]) hear(event);
    hear(pass(11, vote(9, 5), vote(10, 4, { payloadHash: payload(7) })));
    expect(verdicts).toMatchObject([
      { level: 10, decision: { payloadHash: payload(7) }, seats: [{ vote: undefined }] },
    ]);
  });

  test('of which nobody attests takes no votes', () => {
    const { hear, verdicts } = inclusion();
    for (const event of [seats(10), straight(10), straight(13), pass(11)]) hear(event);
    expect(verdicts).toEqual([{ kind: 'no_votes', level: 10 }]);
  });

  test('without own seats needs no reading', () => {
    const { hear, verdicts, reads } = inclusion();
    for (const event of [seats(10, []), straight(10), straight(13)]) hear(event);
    expect(verdicts).toEqual([{ kind: 'no_seats', level: 10 }]);
    expect(reads).toEqual([]);
  });

  test('without rights, or with a gap behind it, stays undecided and says why', () => {
    const { hear, verdicts } = inclusion();
    for (const event of [seats(10), straight(9), straight(20)]) hear(event);
    const of = (at: number) => verdicts.find(verdict => verdict.level === (at as Level));
    expect(of(9)).toEqual({ kind: 'undecided', level: 9, why: 'rights_unknown' });
    expect(of(10)).toEqual({ kind: 'undecided', level: 10, why: 'blocks_unknown' });
    expect(verdicts).toHaveLength(9);
  });

  test('whose votes nobody gives is asked for with each block, and given up in the end', () => {
    const { hear, verdicts, reads } = inclusion();
    for (const event of [seats(10), straight(10)]) hear(event);
    for (let at = 11; at <= 30; at += 1) {
      hear(seats(at, []));
      hear(straight(at));
    }
    expect(reads).toEqual(Array.from({ length: 8 }, () => blockHash(11)));
    expect(verdicts.filter(({ kind }) => kind !== 'no_seats')).toEqual([
      { kind: 'undecided', level: 10, why: 'pass_unread' },
    ]);
  });
});
