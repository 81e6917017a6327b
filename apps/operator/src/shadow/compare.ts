import type { Decision, SeatInclusion } from '@meridian/attribution';
import { elapsedMs } from '@meridian/prelude';
import type { Ballot, Seat } from '@meridian/tenderbake';
import type { Level, PayloadHash, PublicKeyHash, Round, Slot } from '@meridian/tezos';
import type { Page } from './diary.ts';
import type { ShadowOutcome, ShadowReason } from './outcomes.ts';

/** A right, as the chain and shadow used it. Milliseconds count from when the block was seen and proven. */
export type JudgedRight = {
  readonly level: Level;
  readonly delegate: PublicKeyHash;
  readonly slot: Slot;
  readonly outcome: ShadowOutcome;
  /** What the chain attests at this level. */
  readonly round: Round;
  readonly payloadHash: PayloadHash;
  /** When shadow would have voted for that; null where it would not. */
  readonly preattestationMs: number | null;
  readonly attestationMs: number | null;
  /** What shadow would have attested last, where that is something else. */
  readonly otherwise: Decision | null;
  /** Why shadow would not have attested what the chain attests; null where it would. */
  readonly reason: ShadowReason | null;
};

/**
 * Compares what a chain took for a right with what shadow would have done about it.
 * @param keys the consensus keys that shadow would have voted with
 */
export function compare(
  level: Level,
  decision: Decision,
  { seat, vote }: SeatInclusion,
  page: Page,
  keys: ReadonlySet<PublicKeyHash>,
): JudgedRight {
  const decided = isFor(decision);
  const own = page.casts.filter(({ slot }) => slot === seat.slot);
  const attested = own.filter(({ kind }) => kind === 'attestation');
  const isRight = attested.some(decided);
  const other = attested.findLast(cast => !decided(cast));
  const seenAt = page.blocks.find(decided)?.at;
  const msOf = (kind: Ballot['kind']): number | null => {
    const cast = own.find(each => each.kind === kind && decided(each));
    return cast === undefined || seenAt === undefined ? null : elapsedMs(seenAt, cast.at);
  };
  return {
    ...{ level, delegate: seat.delegate, slot: seat.slot },
    outcome: outcomeOf(vote !== undefined, isRight, other !== undefined),
    ...decision,
    preattestationMs: msOf('preattestation'),
    attestationMs: msOf('attestation'),
    otherwise:
      isRight || other === undefined
        ? null
        : { round: other.round, payloadHash: other.payloadHash },
    reason: isRight ? null : reasonOf(decision, seat, page, keys, other !== undefined),
  };
}

function outcomeOf(isIncluded: boolean, isRight: boolean, hasOther: boolean): ShadowOutcome {
  if (!isIncluded) return isRight ? 'lost_by_chain' : 'missed_by_both';
  if (isRight) return 'agree';
  return hasOther ? 'other_payload' : 'missed_by_shadow';
}

/** Why nothing was cast for what was decided: what was said of its block last, or else of the level. */
function reasonOf(
  decision: Decision,
  { slot, consensusKey }: Seat,
  { blocks, abstentions }: Page,
  keys: ReadonlySet<PublicKeyHash>,
  hasOther: boolean,
): ShadowReason {
  if (!keys.has(consensusKey)) return 'key_unknown';
  const ofSeat = abstentions.filter(({ slots }) => slots.length === 0 || slots.includes(slot));
  const block = blocks.find(isFor(decision));
  const said = ofSeat.findLast(({ hash }) => hash === block?.hash);
  if (said !== undefined) return said.reason;
  if (hasOther) return 'voted_otherwise';
  return block === undefined ? 'block_unseen' : (ofSeat.at(-1)?.reason ?? 'no_prequorum');
}

function isFor({ round, payloadHash }: Decision): (of: Decision) => boolean {
  return of => of.round === round && of.payloadHash === payloadHash;
}
