import type { Instant } from '@meridian/prelude';
import { roundAt, type Round } from '@meridian/tezos';
import type { LevelFacts, Proposal } from './proposal.ts';
import { abstain, inTurn, type LevelState, type Step, type VoterState } from './voter.ts';
import { considerPrequorum, considerVote } from './vote.ts';

/** Nothing was done yet about the latest proposal. */
const UNVOTED = { phase: 'idle', unread: [], preattested: [], held: [] } as const;

/** Proposals that wait for their time or for facts; a node cannot make us keep more. */
const WAITING_MAX = 32;

/** A verified proposal has come, or its time has, or the facts of its level (protocol.md 5.3). */
export function propose(state: VoterState, at: Instant, proposal: Proposal): Step {
  const current = state.level?.latest.level;
  if (current !== undefined && proposal.level < current) return [state, []];
  if (proposal.timestamp > at) {
    return [wait(state, proposal), [{ kind: 'wake', at: proposal.timestamp, hash: proposal.hash }]];
  }
  const facts = state.facts.get(proposal.level);
  if (facts === undefined) return [wait(state, proposal), []];
  const ready = unwait(state, proposal);
  if (current === undefined || proposal.level > current) return enter(ready, at, proposal, facts);
  return sameLevel(ready, at, proposal);
}

function wait(state: VoterState, proposal: Proposal): VoterState {
  const waiting = new Map(state.waiting).set(proposal.hash, proposal);
  for (const hash of waiting.keys()) {
    if (waiting.size <= WAITING_MAX) break;
    waiting.delete(hash);
  }
  return { ...state, waiting };
}

function unwait(state: VoterState, proposal: Proposal): VoterState {
  if (!state.waiting.has(proposal.hash)) return state;
  const waiting = new Map(state.waiting);
  waiting.delete(proposal.hash);
  return { ...state, waiting };
}

/** A new level: nothing is locked, and whatever waited at lower levels is over. */
function enter(state: VoterState, at: Instant, proposal: Proposal, facts: LevelFacts): Step {
  const left = [...state.waiting.values()].filter(({ level }) => level < proposal.level);
  const level: LevelState = {
    facts,
    latest: proposal,
    ...UNVOTED,
    lock: undefined,
    attestable: undefined,
    heard: new Map(),
  };
  return inTurn(
    state,
    before => [before, unfinished(before)],
    before => [
      {
        ...before,
        level,
        waiting: new Map([...before.waiting].filter(([, { level: at }]) => at >= proposal.level)),
        facts: new Map([...before.facts].filter(([at]) => at >= proposal.level)),
      },
      left.map(({ level, round, hash }) => ({
        ...{ kind: 'abstain', level, round, hash },
        ...{ reason: 'rights_unknown', seats: [] },
      })),
    ],
    fresh => consider(fresh, at, proposal),
  );
}

/** What is left to say of the latest proposal when another takes its place. */
function unfinished({ level }: VoterState): Step[1] {
  if (level?.phase !== 'awaiting_preattestations') return [];
  return [
    ...abstain(level.latest, 'marks_unknown', level.unread),
    ...abstain(level.latest, 'no_prequorum', level.preattested),
  ];
}

function sameLevel(state: VoterState, at: Instant, proposal: Proposal): Step {
  const { level } = state;
  if (level === undefined) return [state, []];
  const known = level.heard.get(placeOf(proposal));
  if (known === proposal.hash) return [state, []];
  if (known !== undefined) return [state, abstain(proposal, 'rival_block', level.facts.own)];
  if (proposal.predecessor.hash === level.latest.predecessor.hash) {
    return consider(state, at, proposal);
  }
  // Another block of the level before: followed, unless a payload on the old one can still win.
  const { attestable } = level;
  const proof = proposal.prequorumRound;
  if (attestable !== undefined && (proof === null || proof <= attestable.round)) {
    return [state, abstain(proposal, 'lesser_branch', level.facts.own)];
  }
  return consider(state, at, proposal);
}

/** Two blocks of one predecessor and round are one too many. */
function placeOf({ predecessor, round }: Proposal): string {
  return `${predecessor.hash}/${round.toString()}`;
}

/** The proposal is on our branch and due: it is recorded, and voted on if it is of this round. */
function consider(state: VoterState, at: Instant, proposal: Proposal): Step {
  const { level } = state;
  if (level === undefined) return [state, []];
  const heard = new Map(level.heard).set(placeOf(proposal), proposal.hash);
  if (proposal.proto !== proposal.predecessor.proto) {
    const seen: LevelState = { ...level, heard, latest: proposal, ...UNVOTED };
    return [
      { ...state, level: seen },
      [...unfinished(state), ...abstain(proposal, 'migration_block', level.facts.own)],
    ];
  }
  const attestable = attestableAfter(level, proposal);
  const now = roundAt(level.facts.durations, proposal.predecessor, at);
  const newer = isNewer(proposal, level.latest);
  if (proposal.round !== now) {
    const latest = newer ? { latest: proposal, ...UNVOTED } : {};
    const seen: LevelState = { ...level, heard, attestable, ...latest };
    return [
      { ...state, level: seen },
      [...(newer ? unfinished(state) : []), ...abstain(proposal, 'late_block', level.facts.own)],
    ];
  }
  return inTurn(
    state,
    before => [
      {
        ...before,
        level: { ...level, heard, attestable, latest: proposal, ...UNVOTED },
      },
      unfinished(before),
    ],
    adopted => considerVote(adopted),
    voting => considerPrequorum(voting, at),
  );
}

/** On one predecessor a later round; the first proposal of a level is its own successor. */
function isNewer(proposal: Proposal, latest: Proposal): boolean {
  return proposal.predecessor.hash !== latest.predecessor.hash || proposal.round >= latest.round;
}

/** A prequorum inside the block counts if it is no older than the one that is known. */
function attestableAfter(level: LevelState, proposal: Proposal): LevelState['attestable'] {
  const { attestable } = level;
  const round: Round | null = proposal.prequorumRound;
  if (round === null || (attestable !== undefined && round < attestable.round)) return attestable;
  return { proposal, round };
}
