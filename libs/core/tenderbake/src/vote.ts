import type { Instant } from '@meridian/prelude';
import { roundAt } from '@meridian/tezos';
import { candidateName, candidateOf } from './proposal.ts';
import type { Ballot, Proposal, Seat } from './proposal.ts';
import { abstain, type LevelState, type Marks } from './voter.ts';
import type { Step, VoterEvent, VoterState } from './voter.ts';

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
  // A prequorum is watched for in any case: it would unlock.
  const watching: LevelState = { ...level, phase: 'awaiting_preattestations' };
  if (!allows(lock, latest)) {
    return [{ ...state, level: watching }, abstain(latest, 'locked', facts.own)];
  }
  if (latest.round === 0 || facts.own.length === 0) return preattest(state, watching, facts.own);
  const keys = [...new Set(facts.own.map(({ consensusKey }) => consensusKey))];
  const reading = { ...watching, unread: facts.own };
  return [{ ...state, level: reading }, [{ kind: 'read_marks', hash: latest.hash, keys }]];
}

/**
 * Signers said what some keys signed at this level: those that are locked elsewhere keep out of it, and so do those
 * that nobody knows; none waits for another.
 */
export function heedMarks(
  state: VoterState,
  { hash, marks }: Extract<VoterEvent, { kind: 'marks' }>,
): Step {
  const { level } = state;
  if (level?.phase !== 'awaiting_preattestations' || level.latest.hash !== hash) return [state, []];
  const { latest } = level;
  const told: Record<Standing, Seat[]> = { free: [], locked: [], unknown: [], unread: [] };
  for (const seat of level.unread) told[standingOf(marks, seat, latest)].push(seat);
  const [next, signing] = preattest(state, { ...level, unread: told.unread }, told.free);
  return [
    next,
    [
      ...signing,
      ...abstain(latest, 'locked', told.locked),
      ...abstain(latest, 'marks_unknown', told.unknown),
    ],
  ];
}

/** Whether a seat may preattest a proposal, as far as marks tell; `unread`: they say nothing of it yet. */
type Standing = 'free' | 'locked' | 'unknown' | 'unread';

function standingOf(marks: Marks, { consensusKey }: Seat, proposal: Proposal): Standing {
  const mark = marks.get(consensusKey);
  if (mark === undefined) return 'unread';
  if (mark === 'unknown') return 'unknown';
  const lock = mark?.level === proposal.level ? mark : undefined;
  return allows(lock, proposal) ? 'free' : 'locked';
}

function preattest(state: VoterState, level: LevelState, seats: readonly Seat[]): Step {
  const next = { ...state, level: { ...level, preattested: [...level.preattested, ...seats] } };
  if (seats.length === 0) return [next, []];
  const early = state.options.sign === 'early' ? ballots('attestation', level, seats) : [];
  return [
    next,
    [{ kind: 'sign', ballots: [...ballots('preattestation', level, seats), ...early] }],
  ];
}

/**
 * Attests the latest proposal once enough power preattested it in its own round. From here on it is the
 * lock of this level (protocol.md 5.4).
 */
export function considerPrequorum(state: VoterState, at: Instant): Step {
  const { level } = state;
  if (level?.phase !== 'awaiting_preattestations') return [state, []];
  const { latest, facts, attestable, held } = level;
  if (roundAt(facts.durations, latest.predecessor, at) !== latest.round) return [state, []];
  // Where no power is asked for nobody has to vote first.
  const isReached =
    facts.threshold === 0 || state.prequorums.has(candidateName(candidateOf(latest)));
  if (!isReached) return [state, []];
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
  const shared = { kind, ...candidateOf(level.latest) };
  return seats.map(({ delegate, consensusKey, slot }) => ({
    ...shared,
    delegate,
    consensusKey,
    slot,
  }));
}
