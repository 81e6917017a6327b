import type { LevelFacts, Preattestation, Proposal } from './proposal.ts';

/** What each slot preattested lately, the latest last. */
export type Heard = ReadonlyMap<number, readonly string[]>;

/**
 * Votes of one slot that are remembered. A slot that votes for many candidates pushes out its own votes
 * only, so a dishonest delegate costs the count its own power and nothing else.
 */
const VOTES_OF_SLOT_MAX = 8;

/** What a vote names besides its slot; only votes of one candidate are counted together. */
function candidate(of: Omit<Preattestation, 'slot'>): string {
  return `${of.level.toString()}/${of.round.toString()}/${of.payloadHash}/${of.branch}`;
}

/** Adds votes, each once. */
export function hear(heard: Heard, votes: readonly Preattestation[]): Heard {
  const next = new Map(heard);
  for (const vote of votes) {
    const name = candidate(vote);
    const ofSlot = next.get(vote.slot) ?? [];
    if (!ofSlot.includes(name)) next.set(vote.slot, [...ofSlot.slice(1 - VOTES_OF_SLOT_MAX), name]);
  }
  return next;
}

/** The power that preattested a proposal. */
export function power(heard: Heard, { seats }: LevelFacts, proposal: Proposal): number {
  const name = candidate({ ...proposal, branch: proposal.predecessor.predecessor });
  let sum = 0;
  for (const seat of seats.values()) {
    if (heard.get(seat.slot)?.includes(name) === true) sum += seat.power;
  }
  return sum;
}
