import { unreachable } from '@meridian/prelude';
import { propose } from './adopt.ts';
import { candidateName, type Candidate, type LevelFacts } from './proposal.ts';
import { considerPrequorum, heedMarks, release } from './vote.ts';
import { inTurn, type Step, type VoterEvent, type VoterState } from './voter.ts';

/** Levels whose facts are kept ahead of their blocks. */
const FACTS_AHEAD_MAX = 64;
/** Prequorums that are remembered: one may be told before the block whose time has not come. */
const PREQUORUMS_MAX = 64;

/**
 * What a voter does about an event. Pure: the same events give the same votes, in production, in the
 * simulation and in a replay. Events may come late, twice, or in another order.
 * Source of the rules: state_transitions.ml and baking_automaton.ml of octez-baker.
 */
export function stepVoter(state: VoterState, event: VoterEvent): Step {
  switch (event.kind) {
    case 'proposal':
      return propose(state, event.at, event.proposal);
    case 'facts':
      return learn(state, event.at, event.facts);
    case 'prequorum':
      return considerPrequorum(
        { ...state, prequorums: noted(state.prequorums, event.candidate) },
        event.at,
      );
    case 'marks':
      return heedMarks(state, event);
    case 'signed':
      return release(state, event);
    case 'timer': {
      const due = state.waiting.get(event.hash);
      return due === undefined ? [state, []] : propose(state, event.at, due);
    }
  }
  return unreachable(event);
}

function noted(known: ReadonlySet<string>, candidate: Candidate): ReadonlySet<string> {
  return new Set([...known, candidateName(candidate)].slice(-PREQUORUMS_MAX));
}

/** Facts of a level have come: what waited for them goes on. */
function learn(state: VoterState, at: VoterEvent['at'], facts: LevelFacts): Step {
  const lowest = state.level?.latest.level ?? 0;
  if (facts.level < lowest) return [state, []];
  const known = [...new Map(state.facts).set(facts.level, facts)];
  const kept = new Map(known.sort(([one], [other]) => one - other).slice(0, FACTS_AHEAD_MAX));
  const due = [...state.waiting.values()].filter(({ level }) => level === facts.level);
  const steps = due.map(proposal => (now: VoterState) => propose(now, at, proposal));
  return inTurn({ ...state, facts: kept }, ...steps);
}
