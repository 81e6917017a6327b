import type { Instant } from '@meridian/prelude';
import type { Slot } from '@meridian/tezos';
import type { Decision } from './inclusion.ts';
import type { NotedVote, Page } from './page.ts';
import { firstOf, NODE_ANSWERS, REASON_OF_ABSTENTION, reasonOfCode } from './reasons.ts';
import type { MissReason } from './reasons.ts';

/** By what a missed right is judged. */
export type Frame = {
  readonly decision: Decision;
  /** The time of the block that should have had the vote; undefined where it was never seen. */
  readonly due: Instant | undefined;
  /** How many nodes have to take a vote, so that its proposer can be expected to have it. */
  readonly quorum: number;
  /** When the endorser began, if that can have been in the middle of the level. */
  readonly startedAt: Instant | undefined;
};

/** Why a right was missed, with the evidence. */
export type Miss = {
  readonly reason: MissReason;
  /** The code for which the vote was not signed; null where that was not it. */
  readonly code: string | null;
  /** How many nodes took the vote in time. */
  readonly takenBy: number;
  /** From the vote being handed to a node to the time of the next block, negative where that was later; null: never. */
  readonly spareMs: number | null;
};

/** Why the vote of a slot is not in the block that should have had it, by what was noted at its level. */
export function missOf(slot: Slot, page: Page, frame: Frame): Miss {
  const { due, decision } = frame;
  const votes = (page.votes.get(slot) ?? []).filter(isFor(decision));
  const vote = votes.find(({ kind }) => kind === 'attestation');
  const handedAt = vote?.handedAt;
  const answers = votes.map(({ answer }) => answer);
  const refused = answers.flatMap(answer => (answer?.kind === 'unsigned' ? [answer.code] : []));
  const causes = [
    ...(vote?.publishedAt === undefined ? [] : [ofPublished(vote, vote.publishedAt, frame)]),
    ...refused.map(reasonOfCode),
    ...answers.flatMap(answer => (answer === undefined ? (['signer_slow'] as const) : [])),
    ...ofSight(slot, page, frame),
  ];
  // A vote that was signed and never went out came too late for its round.
  const reason = firstOf(causes) ?? (vote === undefined ? 'no_prequorum' : 'signer_slow');
  return {
    reason,
    code: refused.find(code => reasonOfCode(code) === reason) ?? null,
    takenBy: vote === undefined ? 0 : takenInTime(vote, due),
    spareMs: handedAt === undefined || due === undefined ? null : due - handedAt,
  };
}

/** Whether the nodes' last words on a seat's vote for what was decided are still to come. */
export function isOpen(slot: Slot, page: Page, decision: Decision): boolean {
  const votes = (page.votes.get(slot) ?? []).filter(isFor(decision));
  return votes.some(
    ({ kind, publishedAt, receipts }) =>
      kind === 'attestation' && publishedAt !== undefined && receipts === undefined,
  );
}

/** Whether our own vote for what was decided went out, and is no other endorser's. */
export function isOwn(slot: Slot, page: Page, decision: Decision): boolean {
  const votes = (page.votes.get(slot) ?? []).filter(isFor(decision));
  return votes.some(
    ({ kind, answer, publishedAt }) =>
      kind === 'attestation' && answer?.kind === 'signed' && publishedAt !== undefined,
  );
}

function isFor({ round, payloadHash }: Decision) {
  return (of: Decision): boolean => of.round === round && of.payloadHash === payloadHash;
}

function takenInTime({ receipts = [] }: NotedVote, due: Instant | undefined): number {
  return receipts.filter(({ answer, at }) => answer === 'taken' && due !== undefined && at <= due)
    .length;
}

/** A vote that went out: in time for enough nodes, too late, or refused by what most of the others said. */
function ofPublished(vote: NotedVote, publishedAt: Instant, { due, quorum }: Frame): MissReason {
  if (takenInTime(vote, due) >= quorum) return 'left_out';
  // A prequorum is seen in its round, and a signed vote goes out at once.
  if (due !== undefined && publishedAt > due) return 'signer_slow';
  if (due !== undefined && vote.handedAt !== undefined && vote.handedAt > due)
    return 'published_late';
  const counts = new Map<MissReason, number>();
  for (const { answer, at } of vote.receipts ?? []) {
    if (answer === 'taken' && due !== undefined && at <= due) continue;
    const reason = NODE_ANSWERS[answer];
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  return firstOf([...counts].flatMap(([reason, of]) => (of === most ? [reason] : []))) ?? 'node';
}

/** What the endorser saw of the block that was decided, or did not see. */
function ofSight(
  slot: Slot,
  { blocks, abstentions }: Page,
  { decision, startedAt }: Frame,
): readonly MissReason[] {
  const block = blocks.find(isFor(decision));
  const said = abstentions.filter(
    ({ hash, slots }) => slots.length === 0 || (hash === block?.hash && slots.includes(slot)),
  );
  const wasAway = startedAt !== undefined && (block?.timestamp ?? 0) < startedAt;
  return [
    ...(wasAway ? (['stopped'] as const) : []),
    ...said.map(({ reason }) => REASON_OF_ABSTENTION[reason]),
    ...(block === undefined ? (['block_unseen'] as const) : []),
  ];
}
