import { instant } from '@meridian/prelude';
import type { ChainId, Level } from '@meridian/tezos';
import { voteModeOf, voteSignBytes } from '@meridian/tezos/forge';
import type { Findings, Job } from './check.ts';
import { highest } from './place.ts';
import { blame, inTurn, newest } from './state.ts';
import type { HeldVote, Signer, Tally, ViewState, ViewStep } from './state.ts';
import { thresholdAt } from './terms.ts';

/*
 * Preattestations are proven in batches, one at a time: what arrives meanwhile is in the next one. So the order is
 * decided as late as it can be, by the power that is still lacking, and a forger costs little before he is known as one.
 */

/** Votes in a batch. A check costs up to some milliseconds, and what is heavier must not wait for long. */
const BATCH_MAX = 64;
/** Candidates whose votes are counted; only good blocks are any. */
const TALLIES_MAX = 64;

/** A vote of which only the signature is to be checked. */
type Ready = HeldVote & { readonly signer: Signer };

/** Asks for the next batch, unless one is under way. */
export function proveNext(state: ViewState): ViewStep {
  if (state.batch.votes.length > 0) return [state, []];
  const ready = [...state.votes.values()].filter(isReady);
  const latest = mostUrgent(state, ready);
  if (latest === undefined) return [state, []];
  const ofLatest = ready.filter(vote => vote.candidateName === latest.candidateName);
  const chosen = lacking(state, latest, ofLatest);
  if (chosen.length === 0) return [state, []];
  const groups = grouped(chosen);
  const id = state.batch.id + 1;
  const batch = { id, votes: groups.map(votes => votes.map(({ name }) => name)) };
  const jobs = groups.map(votes => jobOf(state, votes));
  return [{ ...state, batch }, [{ kind: 'verify', batch: id, jobs }]];
}

function isReady(vote: HeldVote): vote is Ready {
  return vote.signer !== undefined;
}

/**
 * The latest round of the highest level: only there a vote is still of use. A node that sent forged votes has to wait
 * with those that it alone brings, however late they say that they are.
 */
function mostUrgent(state: ViewState, ready: readonly Ready[]): Ready | undefined {
  let best: { readonly vote: Ready; readonly faults: number } | undefined;
  for (const vote of ready) {
    const faults = faultsOf(state, vote);
    const order = best === undefined ? -1 : faults - best.faults || byLateness(vote, best.vote);
    if (order < 0) best = { vote, faults };
  }
  return best?.vote;
}

function byLateness({ candidate: one }: HeldVote, { candidate: other }: HeldVote): number {
  return other.level - one.level || other.round - one.round;
}

/**
 * The votes that bring the most power, until no more is lacking, one for each slot. Those of nodes that were believed
 * less often come last, however heavy they claim to be.
 */
function lacking(state: ViewState, { candidate, candidateName }: Ready, of: readonly Ready[]) {
  const threshold = thresholdAt(state, candidate.level) ?? 0;
  const chosen = new Map<HeldVote['slot'], Ready>();
  let power = state.tallies.get(candidateName)?.power ?? 0;
  const sorted = of
    .map(vote => ({ vote, faults: faultsOf(state, vote) }))
    .sort((one, other) => one.faults - other.faults || weightOf(other) - weightOf(one));
  for (const { vote } of sorted) {
    if (power >= threshold || chosen.size >= BATCH_MAX) break;
    if (chosen.has(vote.slot)) continue;
    chosen.set(vote.slot, vote);
    power += vote.signer.power;
  }
  return [...chosen.values()];
}

const weightOf = ({ vote }: { readonly vote: Ready }): number => vote.signer.power;

/** Of all who brought it the most trusted one speaks for a vote. */
function faultsOf({ nodes }: ViewState, vote: HeldVote): number {
  return Math.min(...vote.nodes.map(node => nodes.get(node)?.faults ?? 0));
}

/** tz4 keys sign a candidate without naming their slot, so that all of them sign the same bytes. */
function grouped(votes: readonly Ready[]): readonly (readonly Ready[])[] {
  const isSummed = ({ signer: { key } }: Ready): boolean => voteModeOf(key) === 'bls';
  const summed = votes.filter(isSummed);
  const single = votes.filter(vote => !isSummed(vote)).map(vote => [vote]);
  return summed.length === 0 ? single : [summed, ...single];
}

function jobOf({ chainId }: ViewState, votes: readonly Ready[]): Job {
  const claims = votes.map(({ signer: { key }, signature }) => ({ key, signature }));
  const [first] = votes;
  return { bytes: first === undefined ? new Uint8Array() : bytesOf(chainId, first), claims };
}

function bytesOf(chainId: ChainId, { candidate, slot, signer: { key } }: Ready): Uint8Array {
  const { level, round, payloadHash, branch } = candidate;
  const shared = { level, round, block_payload_hash: payloadHash };
  const contents = [{ kind: 'preattestation', slot, ...shared }] as const;
  return voteSignBytes(chainId, { branch, contents }, voteModeOf(key));
}

/** A batch was checked: what holds is counted, what does not is the fault of all who brought it. */
export function hearVerified(
  state: ViewState,
  { batch, findings }: { readonly batch: number; readonly findings: Findings },
): ViewStep {
  if (batch !== state.batch.id) return [state, []];
  const checked = state.batch.votes.flatMap((names, job) =>
    names.flatMap((name, at) => {
      // It may have lost its meaning meanwhile.
      const vote = state.votes.get(name);
      if (vote === undefined || !isReady(vote)) return [];
      return [{ vote, holds: findings[job]?.[at] === true }];
    }),
  );
  const good = checked.filter(({ holds }) => holds).map(({ vote }) => vote);
  const liars = checked.filter(({ holds }) => !holds).flatMap(({ vote }) => vote.nodes);
  const votes = new Map(state.votes);
  for (const { vote } of checked) votes.delete(vote.name);
  return inTurn(
    { ...state, votes, batch: { id: batch, votes: [] } },
    now => count(now, good),
    ...liars.map(node => (now: ViewState) => blame(now, node, 'wrong_signature')),
    now => proveNext(now),
  );
}

/** Counts the votes of a batch, all of them for one candidate, each slot once. */
function count(state: ViewState, good: readonly Ready[]): ViewStep {
  const [first] = good;
  if (first === undefined) return [state, []];
  const { candidate, candidateName } = first;
  const before = state.tallies.get(candidateName) ?? { ...NOBODY, level: candidate.level };
  const slots = new Set([...before.slots, ...good.map(({ slot }) => slot)]);
  const power = good.reduce((sum, { signer }) => sum + signer.power, before.power);
  const threshold = thresholdAt(state, candidate.level) ?? Infinity;
  const tally: Tally = { ...before, slots, power, isReached: power >= threshold };
  const isSettled = (vote: HeldVote): boolean =>
    vote.candidateName === candidateName && (tally.isReached || slots.has(vote.slot));
  const next: ViewState = {
    ...state,
    voted: highest([state.voted, candidate]),
    votes: new Map([...state.votes].filter(([, vote]) => !isSettled(vote))),
    tallies: newest(new Map(state.tallies).set(candidateName, tally), TALLIES_MAX),
  };
  const since = instant(Math.max(...good.map(({ signer }) => signer.since)));
  return [next, tally.isReached ? [{ kind: 'prequorum', candidate, since }] : []];
}

const NOBODY = { slots: new Set<HeldVote['slot']>(), power: 0, isReached: false };

/** Other rights hold for a level than were agreed on before: nothing that was counted by those counts. */
export function countAnew(state: ViewState, level: Level): ViewState {
  const isTallied = [...state.tallies.values()].some(tally => tally.level === level);
  const isHeld = [...state.votes.values()].some(
    ({ candidate, signer }) => candidate.level === level && signer !== undefined,
  );
  if (!isTallied && !isHeld) return state;
  const tallies = new Map([...state.tallies].filter(([, tally]) => tally.level !== level));
  const votes = new Map(state.votes);
  for (const [name, vote] of votes) {
    if (vote.candidate.level === level) votes.set(name, { ...vote, signer: undefined });
  }
  return { ...state, tallies, votes, batch: { ...state.batch, votes: [] } };
}
