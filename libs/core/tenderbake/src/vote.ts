import type { Instant } from '@meridian/prelude';
import { roundAt } from '@meridian/tezos';
import { power } from './count.ts';
import type { AttestationMark, Ballot, Proposal, Seat } from './proposal.ts';
import { abstain, type LevelState, type Step, type VoterEvent, type VoterState } from './voter.ts';

/** What a voter would not give up without proof of a later prequorum. */
type Lock = { readonly round: number; readonly payloadHash: string | null };

/** Whether a lock allows a preattestation of the proposal (protocol.md 5.3, lock rule). */
function allows(lock: Lock | undefined, { payloadHash, prequorumRound }: Proposal): boolean {
  if (lock === undefined || lock.payloadHash === payloadHash) return true;
  return prequorumRound !== null && prequorumRound > lock.round;
}

/**
 * Preattests the latest proposal, unless something is locked. In a later round than the first another
 * process may have attested meanwhile, or this one before it was started again: the signer is asked first.
 */
export function considerVote(state: VoterState): Step {
  const { level } = state;
  if (level === undefined) return [state, []];
  const { latest, lock, facts } = level;
  if (facts.own.length === 0) return [withPhase(state, level, 'awaiting_preattestations'), []];
  if (!allows(lock, latest)) {
    // A prequorum for it is still watched for: it would unlock.
    return [withPhase(state, level, 'awaiting_preattestations'), [abstain(latest, 'locked')]];
  }
  if (latest.round > 0) {
    const { hash } = latest;
    return [withPhase(state, level, 'reading_marks'), [{ kind: 'read_marks', hash }]];
  }
  return preattest(state, level, facts.own);
}

/** The signer said what it signed at this level: keys that are locked elsewhere keep out of it. */
export function heedMarks(
  state: VoterState,
  { hash, marks }: Extract<VoterEvent, { kind: 'marks' }>,
): Step {
  const { level } = state;
  if (level?.phase !== 'reading_marks' || level.latest.hash !== hash) return [state, []];
  const { latest, facts } = level;
  const watching = withPhase(state, level, 'awaiting_preattestations');
  if (marks === null) return [watching, [abstain(latest, 'marks_unknown')]];
  const free = facts.own.filter(seat => allows(lockOf(marks, seat, latest), latest));
  if (free.length === 0) return [watching, [abstain(latest, 'locked')]];
  return preattest(state, level, free);
}

function lockOf(
  marks: readonly AttestationMark[],
  { consensusKey }: Seat,
  { level }: Proposal,
): Lock | undefined {
  return marks.find(mark => mark.consensusKey === consensusKey && mark.level === level);
}

function preattest(state: VoterState, level: LevelState, seats: readonly Seat[]): Step {
  const early = state.options.sign === 'early' ? ballots('attestation', level, seats) : [];
  const signing = [...ballots('preattestation', level, seats), ...early];
  const next = withPhase(state, level, 'awaiting_preattestations');
  return [next, [{ kind: 'sign', ballots: signing }]];
}

/**
 * Attests the latest proposal once enough power preattested it in its own round. From here on it is the
 * lock of this level (protocol.md 5.4).
 */
export function considerPrequorum(state: VoterState, at: Instant): Step {
  const { level } = state;
  if (level === undefined || !isCounting(level)) return [state, []];
  const { latest, facts, attestable, held } = level;
  if (roundAt(facts.durations, latest.predecessor, at) !== latest.round) return [state, []];
  if (power(state.heardVotes, facts, latest) < facts.threshold) return [state, []];
  const { round, payloadHash } = latest;
  const locked: LevelState = {
    ...level,
    phase: 'awaiting_attestations',
    lock: { round, payloadHash },
    attestable:
      attestable === undefined || attestable.round < round
        ? { proposal: latest, round }
        : attestable,
    held: [],
  };
  const next = { ...state, level: locked };
  const ready = held.map(vote => ({ kind: 'inject' as const, ...vote }));
  const asked = new Set(held.map(({ ballot }) => ballot.slot));
  const missing = facts.own.filter(({ slot }) => !asked.has(slot));
  const signing = ballots('attestation', locked, missing);
  return [
    next,
    [...ready, ...(signing.length > 0 ? [{ kind: 'sign' as const, ballots: signing }] : [])],
  ];
}

function isCounting({ phase }: LevelState): boolean {
  return phase === 'awaiting_preattestations' || phase === 'reading_marks';
}

/** A vote has its signature: it goes out, is held until its prequorum, or has lost its meaning. */
export function release(
  state: VoterState,
  { ballot, operation }: Extract<VoterEvent, { kind: 'signed' }>,
): Step {
  const { level } = state;
  const out = { kind: 'inject' as const, ballot, operation };
  const ofThisLevel = level?.latest.level === ballot.level;
  if (level === undefined || !ofThisLevel) {
    // Too late for its own block; an attestation still counts if the next block is replaced.
    return [
      state,
      ballot.kind === 'attestation' && state.options.sign === 'at_prequorum' ? [out] : [],
    ];
  }
  const { attestable } = level;
  if (ballot.kind === 'preattestation') {
    const moved =
      attestable !== undefined && attestable.proposal.payloadHash !== ballot.payloadHash;
    return [state, moved ? [] : [out]];
  }
  if (isAttestable(level, ballot)) return [state, [out]];
  const isLatest =
    level.latest.round === ballot.round && level.latest.payloadHash === ballot.payloadHash;
  if (!isLatest) return [state, []];
  return [{ ...state, level: { ...level, held: [...level.held, { ballot, operation }] } }, []];
}

/** Whether the round of the ballot had its prequorum: only then an attestation may be seen. */
function isAttestable({ lock }: LevelState, ballot: Ballot): boolean {
  return lock?.payloadHash === ballot.payloadHash && lock.round === ballot.round;
}

function ballots(kind: Ballot['kind'], level: LevelState, seats: readonly Seat[]): Ballot[] {
  const { level: at, round, payloadHash, predecessor } = level.latest;
  const shared = { kind, level: at, round, payloadHash, branch: predecessor.predecessor };
  return seats.map(({ delegate, consensusKey, slot }) => ({
    ...shared,
    delegate,
    consensusKey,
    slot,
  }));
}

function withPhase(state: VoterState, level: LevelState, phase: LevelState['phase']): VoterState {
  return { ...state, level: { ...level, phase } };
}
