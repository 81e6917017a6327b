import { duration, later } from '@meridian/prelude';
import { level, round } from '@meridian/tezos';
import { describe, expect, test } from 'vitest';
import { ballotsOf, informed, inShort, marksOf, payload } from './fixtures.ts';
import { prequorumOf, proposal, startOf } from './fixtures.ts';
import type { Proposal } from './index.ts';

const soon = (at: number, ms = 500) => later(startOf(at), duration(ms));

describe('what the signer remembers', () => {
  const mark = (name: string, at = 100) => ({
    level: level(at),
    round: round(0),
    payloadHash: payload(name),
  });

  /** Round 1 of a voter that knows nothing of round 0. */
  function restarted(of: Proposal) {
    const voter = informed();
    expect(inShort(voter.tell(soon(1), { kind: 'proposal', proposal: of }))).toEqual([
      'read_marks',
    ]);
    return voter;
  }

  test('a key that attested another payload of this level keeps out of it', () => {
    const block = proposal({ round: 1, payload: 'B' });
    const voter = restarted(block);
    const effects = voter.tell(soon(1), marksOf(block.hash, [mark('A'), mark('A', 99)]));
    expect(inShort(effects)).toEqual(['sign preattestation 1 r1', 'abstain locked 0']);
  });

  test('when all keys are locked, the voter abstains', () => {
    const block = proposal({ round: 1, payload: 'B' });
    const voter = restarted(block);
    const effects = voter.tell(soon(1), marksOf(block.hash, [mark('A'), mark('A')]));
    expect(inShort(effects)).toEqual(['abstain locked 0 1']);
  });

  test('the same payload or a later proof is no obstacle', () => {
    for (const draft of [{ payload: 'A' }, { payload: 'B', proof: 1, round: 2 }]) {
      const block = proposal({ round: 1, ...draft });
      const voter = informed();
      voter.tell(soon(block.round), { kind: 'proposal', proposal: block });
      const effects = voter.tell(soon(block.round), marksOf(block.hash, [mark('A'), null]));
      expect(ballotsOf(effects)).toHaveLength(2);
    }
  });

  test('a signer that does not say keeps the voter from preattesting, not from a prequorum', () => {
    const block = proposal({ round: 1, payload: 'B' });
    const voter = restarted(block);
    const effects = voter.tell(soon(1), marksOf(block.hash, ['unknown', 'unknown']));
    expect(inShort(effects)).toEqual(['abstain marks_unknown 0 1']);
    expect(ballotsOf(voter.tell(soon(1), prequorumOf(block)))).toHaveLength(2);
  });

  test('a key that nobody knows of keeps out alone, and none waits for the mark of another', () => {
    const block = proposal({ round: 1, payload: 'B' });
    const voter = restarted(block);
    const first = marksOf(block.hash, [undefined, null]);
    expect(inShort(voter.tell(soon(1), first))).toEqual(['sign preattestation 1 r1']);
    expect(inShort(voter.tell(soon(1), first))).toEqual([]);
    const second = marksOf(block.hash, ['unknown', null]);
    expect(inShort(voter.tell(soon(1), second))).toEqual(['abstain marks_unknown 0']);
    const next = proposal({ round: 2, payload: 'C' });
    expect(inShort(voter.tell(soon(2), { kind: 'proposal', proposal: next }))).toEqual([
      'abstain no_prequorum 1',
      'read_marks',
    ]);
  });

  test('a key whose mark did not come in its round is told as unknown', () => {
    const voter = restarted(proposal({ round: 1, payload: 'B' }));
    const next = proposal({ round: 2, payload: 'C' });
    expect(inShort(voter.tell(soon(2), { kind: 'proposal', proposal: next }))).toEqual([
      'abstain marks_unknown 0 1',
      'read_marks',
    ]);
  });

  test('marks that come after the prequorum preattest nothing', () => {
    const block = proposal({ round: 1, payload: 'B' });
    const voter = restarted(block);
    voter.tell(soon(1), prequorumOf(block));
    expect(voter.tell(soon(1), marksOf(block.hash, [null, null]))).toEqual([]);
  });

  test('an answer about another block is ignored', () => {
    const block = proposal({ round: 1, payload: 'B' });
    const voter = restarted(block);
    const { hash } = proposal();
    expect(voter.tell(soon(1), marksOf(hash, [null, null]))).toEqual([]);
  });
});
