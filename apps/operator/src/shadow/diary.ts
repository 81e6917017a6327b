import type { Instant } from '@meridian/prelude';
import type { Ballot } from '@meridian/tenderbake';
import type { BlockHash, Level, PayloadHash, Round, Slot } from '@meridian/tezos';
import type { LineEffect } from '@meridian/vote-line';
import type { ShadowReason } from './outcomes.ts';

/** A block that was proven, and when. */
type SeenBlock = {
  readonly hash: BlockHash;
  readonly round: Round;
  readonly payloadHash: PayloadHash;
  readonly at: Instant;
};

/** A vote that would have gone out, and when. */
type Cast = Pick<Ballot, 'kind' | 'slot' | 'round' | 'payloadHash'> & { readonly at: Instant };

/** An abstention; without slots it is about all seats of the level. */
type Abstained = {
  readonly hash: BlockHash;
  readonly reason: ShadowReason;
  readonly slots: readonly Slot[];
};

/** What shadow saw and would have done at a level, in that order. */
export type Page = {
  readonly blocks: readonly SeenBlock[];
  readonly casts: readonly Cast[];
  readonly abstentions: readonly Abstained[];
};

/** A page for each of the last levels. */
export type Diary = ReadonlyMap<Level, Page>;

export const EMPTY_PAGE: Page = { blocks: [], casts: [], abstentions: [] };

/** Levels that are remembered: those without a verdict are the last few. */
const PAGES_MAX = 64;

/** Notes what of the line's wishes is about a level. */
export function noteEffect(diary: Diary, at: Instant, effect: LineEffect): Diary {
  if (effect.kind === 'proposal') {
    const { level, hash, round, payloadHash } = effect.proposal;
    const seen = { hash, round, payloadHash, at };
    return turn(diary, level, page => ({ ...page, blocks: [...page.blocks, seen] }));
  }
  if (effect.kind !== 'abstain') return diary;
  const { level, hash, reason, seats } = effect;
  const abstained = { hash, reason, slots: seats.map(({ slot }) => slot) };
  return turn(diary, level, page => ({ ...page, abstentions: [...page.abstentions, abstained] }));
}

/** Notes a vote that may be seen from now on. */
export function noteCast(diary: Diary, at: Instant, ballot: Ballot): Diary {
  const { kind, slot, level, round, payloadHash } = ballot;
  const cast = { kind, slot, round, payloadHash, at };
  return turn(diary, level, page => ({ ...page, casts: [...page.casts, cast] }));
}

function turn(diary: Diary, level: Level, change: (page: Page) => Page): Diary {
  const next = new Map(diary).set(level, change(diary.get(level) ?? EMPTY_PAGE));
  for (const old of next.keys()) {
    if (next.size <= PAGES_MAX) break;
    next.delete(old);
  }
  return next;
}
