import { instant, later, duration } from '@meridian/prelude';
import { describe, expect, test } from 'vitest';
import { ballotsOf, driver, facts, informed, inShort, marksOf, OWN, payload } from './fixtures.ts';
import { prequorumOf, proposal, startOf } from './fixtures.ts';
import type { Ballot, Proposal } from './index.ts';

const soon = (at: number, ms = 500) => later(startOf(at), duration(ms));
const PREATTEST = ['sign preattestation 0 r0', 'sign preattestation 1 r0'];
const ATTEST = ['sign attestation 0 r0', 'sign attestation 1 r0'];

/** A voter that attested payload A in round 0. */
function locked() {
  const voter = informed();
  const first = proposal();
  voter.tell(soon(0), { kind: 'proposal', proposal: first });
  expect(inShort(voter.tell(soon(0), prequorumOf(first)))).toEqual(ATTEST);
  return voter;
}

/** Answers a question for marks: nothing was signed at this level. */
const noMarks = ({ hash }: Proposal) => marksOf(hash, [null, null]);

describe('the straight path', () => {
  test('a block is preattested at once and attested at its prequorum, never before', () => {
    const voter = informed();
    const block = proposal();
    expect(inShort(voter.tell(soon(0), { kind: 'proposal', proposal: block }))).toEqual(PREATTEST);
    expect(inShort(voter.tell(soon(0), prequorumOf(block)))).toEqual(ATTEST);
  });

  test('the votes name payload, level, round, slot and the hash at level L-2', () => {
    const voter = informed();
    const block = proposal();
    const [first] = ballotsOf(voter.tell(soon(0), { kind: 'proposal', proposal: block }));
    expect(first).toEqual({
      kind: 'preattestation',
      delegate: OWN[0]!.delegate,
      consensusKey: OWN[0]!.consensusKey,
      slot: 0,
      level: 100,
      round: 0,
      payloadHash: block.payloadHash,
      branch: block.predecessor.predecessor,
    });
  });

  test('a prequorum that was heard before the block counts when the block comes', () => {
    const voter = informed();
    const block = proposal();
    voter.tell(soon(0), prequorumOf(block));
    const effects = voter.tell(soon(0), { kind: 'proposal', proposal: block });
    expect(inShort(effects)).toEqual([...PREATTEST, ...ATTEST]);
  });

  test('the prequorum of another payload, round or branch is not its own', () => {
    const voter = informed();
    const block = proposal();
    voter.tell(soon(0), { kind: 'proposal', proposal: block });
    for (const other of [{ payload: 'B' }, { round: 1 }, { on: 'Q' }]) {
      expect(voter.tell(soon(0), prequorumOf(proposal(other)))).toEqual([]);
    }
    expect(inShort(voter.tell(soon(0), prequorumOf(block)))).toEqual(ATTEST);
    expect(voter.tell(soon(0), prequorumOf(block))).toEqual([]);
  });

  test('where no power is asked for, a block is attested at once', () => {
    const voter = driver();
    voter.tell(startOf(0), { kind: 'facts', facts: { ...facts(), threshold: 0 } });
    const effects = voter.tell(soon(0), { kind: 'proposal', proposal: proposal() });
    expect(inShort(effects)).toEqual([...PREATTEST, ...ATTEST]);
  });

  test('a prequorum after the end of the round is not attested', () => {
    const voter = informed();
    const block = proposal();
    voter.tell(soon(0), { kind: 'proposal', proposal: block });
    expect(voter.tell(startOf(1), prequorumOf(block))).toEqual([]);
  });

  test('a signed vote goes out as it came', () => {
    const voter = informed();
    const block = proposal();
    const [ballot] = ballotsOf(voter.tell(soon(0), { kind: 'proposal', proposal: block }));
    const effects = voter.tell(soon(0), { kind: 'signed', ballot: ballot!, operation: 'ab' });
    expect(effects).toEqual([{ kind: 'inject', ballot, operation: 'ab' }]);
  });

  test('a preattestation that was signed late is kept back when another payload won meanwhile', () => {
    const voter = locked();
    const other = proposal({ round: 1, payload: 'B' });
    const ballot = { ...ballotFor(other), kind: 'preattestation' } as const;
    expect(voter.tell(soon(1), { kind: 'signed', ballot, operation: 'ab' })).toEqual([]);
  });

  test('an attestation that was signed at its prequorum still goes out in the next round', () => {
    const voter = locked();
    voter.tell(soon(1), { kind: 'proposal', proposal: proposal({ round: 1, payload: 'B' }) });
    const signed = { kind: 'signed', ballot: ballotFor(proposal()), operation: 'ab' } as const;
    expect(inShort(voter.tell(soon(1), signed))).toEqual(['inject attestation 0']);
  });
});

function ballotFor({ level: at, round: in_, payloadHash, predecessor }: Proposal): Ballot {
  const { predecessor: branch } = predecessor;
  return { kind: 'attestation', ...OWN[0]!, level: at, round: in_, payloadHash, branch };
}

describe('signing early', () => {
  test('both votes are signed at once, and the attestation is held until the prequorum', () => {
    const voter = informed('early');
    const block = proposal();
    const effects = voter.tell(soon(0), { kind: 'proposal', proposal: block });
    expect(inShort(effects)).toEqual([...PREATTEST, ...ATTEST]);
    for (const ballot of ballotsOf(effects)) {
      const out = voter.tell(soon(0), { kind: 'signed', ballot, operation: 'ab' });
      expect(out).toHaveLength(ballot.kind === 'preattestation' ? 1 : 0);
    }
    expect(inShort(voter.tell(soon(0), prequorumOf(block)))).toEqual([
      'inject attestation 0',
      'inject attestation 1',
    ]);
  });

  test('an attestation without its prequorum never goes out', () => {
    const voter = informed('early');
    const effects = voter.tell(soon(0), { kind: 'proposal', proposal: proposal() });
    for (const ballot of ballotsOf(effects)) {
      voter.tell(soon(0), { kind: 'signed', ballot, operation: 'ab' });
    }
    const next = proposal({ round: 1, payload: 'B' });
    voter.tell(soon(1), { kind: 'proposal', proposal: next });
    voter.tell(soon(1), noMarks(next));
    const out = voter.tell(soon(1), prequorumOf(next));
    expect(inShort(out)).toEqual(['sign attestation 0 r1', 'sign attestation 1 r1']);
  });
});

describe('time', () => {
  test('a block of the future waits until its time', () => {
    const voter = informed();
    const block = proposal();
    const early = instant(startOf(0) - 300);
    expect(voter.tell(early, { kind: 'proposal', proposal: block })).toEqual([
      { kind: 'wake', at: startOf(0), hash: block.hash },
    ]);
    const effects = voter.tell(startOf(0), { kind: 'timer', hash: block.hash });
    expect(inShort(effects)).toEqual(PREATTEST);
  });

  test('a block of a round that is over is not voted on, and its proof still counts', () => {
    const voter = informed();
    const late = proposal({ round: 1, proof: 0 });
    expect(inShort(voter.tell(soon(2), { kind: 'proposal', proposal: late }))).toEqual([
      'abstain late_block 0 1',
    ]);
    expect(voter.state().level?.attestable?.proposal.hash).toBe(late.hash);
  });

  test('a block of a lower level is ignored', () => {
    const voter = locked();
    expect(voter.tell(soon(0), { kind: 'proposal', proposal: proposal({ level: 99 }) })).toEqual(
      [],
    );
  });

  test('the same block again changes nothing, and a second one of its round is refused', () => {
    const voter = locked();
    expect(voter.tell(soon(0), { kind: 'proposal', proposal: proposal() })).toEqual([]);
    const rival = proposal({ payload: 'B' });
    expect(inShort(voter.tell(soon(0), { kind: 'proposal', proposal: rival }))).toEqual([
      'abstain rival_block 0 1',
    ]);
  });
});

describe('facts', () => {
  test('a block whose rights are not known waits for them', () => {
    const voter = driver();
    const block = proposal();
    expect(voter.tell(soon(0), { kind: 'proposal', proposal: block })).toEqual([]);
    expect(inShort(voter.tell(soon(0), { kind: 'facts', facts: facts() }))).toEqual(PREATTEST);
  });

  test('when they never come, the next level says so', () => {
    const voter = driver();
    voter.tell(soon(0), { kind: 'proposal', proposal: proposal() });
    voter.tell(soon(0), { kind: 'facts', facts: facts(101) });
    const next = proposal({ level: 101, on: 'next' });
    const effects = voter.tell(startOf(0, 101), { kind: 'proposal', proposal: next });
    expect(inShort(effects)).toEqual(['abstain rights_unknown', ...PREATTEST]);
  });

  test('without a right there is no vote and no complaint', () => {
    const voter = driver();
    voter.tell(startOf(0), { kind: 'facts', facts: facts(100, []) });
    const block = proposal();
    expect(voter.tell(soon(0), { kind: 'proposal', proposal: block })).toEqual([]);
    expect(voter.tell(soon(0), prequorumOf(block))).toEqual([]);
    voter.tell(soon(0), { kind: 'facts', facts: facts(101, []) });
    const next = proposal({ level: 101, on: 'next' });
    expect(voter.tell(startOf(0, 101), { kind: 'proposal', proposal: next })).toEqual([]);
  });

  test('the first block of a protocol takes no votes, the next one does', () => {
    const voter = informed();
    const block = proposal({ newProtocol: true });
    expect(inShort(voter.tell(soon(0), { kind: 'proposal', proposal: block }))).toEqual([
      'abstain migration_block 0 1',
    ]);
    expect(voter.tell(soon(0), prequorumOf(block))).toEqual([]);
  });
});

describe('locks', () => {
  test('the locked payload is preattested again in a later round', () => {
    const voter = locked();
    const again = proposal({ round: 1, proof: 0 });
    const asked = voter.tell(soon(1), { kind: 'proposal', proposal: again });
    expect(inShort(asked)).toEqual(['read_marks']);
    expect(inShort(voter.tell(soon(1), noMarks(again)))).toEqual([
      'sign preattestation 0 r1',
      'sign preattestation 1 r1',
    ]);
  });

  test('another payload is not preattested without proof of a later prequorum', () => {
    const voter = locked();
    const other = proposal({ round: 1, payload: 'B' });
    expect(inShort(voter.tell(soon(1), { kind: 'proposal', proposal: other }))).toEqual([
      'abstain locked 0 1',
    ]);
  });

  test('proof of the round of the lock itself does not unlock', () => {
    const voter = locked();
    const other = proposal({ round: 1, payload: 'B', proof: 0 });
    expect(inShort(voter.tell(soon(1), { kind: 'proposal', proposal: other }))).toEqual([
      'abstain locked 0 1',
    ]);
  });

  test('proof of a later prequorum unlocks', () => {
    const voter = locked();
    const other = proposal({ round: 2, payload: 'B', proof: 1 });
    expect(inShort(voter.tell(soon(2), { kind: 'proposal', proposal: other }))).toEqual([
      'read_marks',
    ]);
  });

  test('a prequorum for the other payload unlocks, too: it is attested without a preattestation', () => {
    const voter = locked();
    const other = proposal({ round: 1, payload: 'B' });
    voter.tell(soon(1), { kind: 'proposal', proposal: other });
    expect(inShort(voter.tell(soon(1), prequorumOf(other)))).toEqual([
      'sign attestation 0 r1',
      'sign attestation 1 r1',
    ]);
    expect(voter.state().level?.lock).toEqual({ round: 1, payloadHash: payload('B') });
  });

  test('a new level unlocks', () => {
    const voter = locked();
    voter.tell(soon(0), { kind: 'facts', facts: facts(101) });
    const next = proposal({ level: 101, on: 'next', payload: 'B' });
    const effects = voter.tell(startOf(0, 101), { kind: 'proposal', proposal: next });
    expect(inShort(effects)).toEqual(PREATTEST);
  });

  test('without a prequorum nothing is locked, and the round ends with a reason', () => {
    const voter = informed();
    voter.tell(soon(0), { kind: 'proposal', proposal: proposal() });
    const other = proposal({ round: 1, payload: 'B' });
    expect(inShort(voter.tell(soon(1), { kind: 'proposal', proposal: other }))).toEqual([
      'abstain no_prequorum 0 1',
      'read_marks',
    ]);
  });
});

describe('a level without an own seat', () => {
  test('is followed without a word: nobody would have voted', () => {
    const voter = driver();
    voter.tell(startOf(0), { kind: 'facts', facts: facts(100, []) });
    const first = proposal();
    expect(voter.tell(soon(0), { kind: 'proposal', proposal: first })).toEqual([]);
    const rival = proposal({ payload: 'B' });
    expect(voter.tell(soon(0), { kind: 'proposal', proposal: rival })).toEqual([]);
    const late = proposal({ round: 1, payload: 'C' });
    expect(voter.tell(soon(2), { kind: 'proposal', proposal: late })).toEqual([]);
    expect(voter.tell(soon(2), prequorumOf(late))).toEqual([]);
  });
});

describe('a block that comes after its round', () => {
  test('ends the wait for the prequorum of the one before it', () => {
    const voter = informed();
    voter.tell(soon(0), { kind: 'proposal', proposal: proposal() });
    const late = proposal({ round: 1, payload: 'B' });
    expect(inShort(voter.tell(soon(2), { kind: 'proposal', proposal: late }))).toEqual([
      'abstain no_prequorum 0 1',
      'abstain late_block 0 1',
    ]);
  });
});

describe('another block of the level before', () => {
  test('is followed while nothing of this level can win', () => {
    const voter = informed();
    voter.tell(soon(0), { kind: 'proposal', proposal: proposal() });
    const other = proposal({ on: 'Q', payload: 'B' });
    const effects = voter.tell(soon(0), { kind: 'proposal', proposal: other });
    expect(inShort(effects)).toEqual(['abstain no_prequorum 0 1', ...PREATTEST]);
    expect(ballotsOf(effects)[0]?.branch).toBe(other.predecessor.predecessor);
  });

  test('is not followed against a prequorum, unless with a later one', () => {
    const voter = locked();
    const other = proposal({ on: 'Q', payload: 'B', round: 1 });
    expect(inShort(voter.tell(soon(1), { kind: 'proposal', proposal: other }))).toEqual([
      'abstain lesser_branch 0 1',
    ]);
    const proven = proposal({ on: 'Q', payload: 'B', round: 2, proof: 1 });
    expect(inShort(voter.tell(soon(2), { kind: 'proposal', proposal: proven }))).toEqual([
      'read_marks',
    ]);
  });
});
