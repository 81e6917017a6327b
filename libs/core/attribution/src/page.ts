import type { Instant } from '@meridian/prelude';
import type { Abstention, Ballot } from '@meridian/tenderbake';
import type { BlockHash, PayloadHash, Round, Slot } from '@meridian/tezos';
import type { LineEffect } from '@meridian/vote-line';
import type { NodeAnswer } from './reasons.ts';

const BEARING = ['facts', 'proposal', 'abstain', 'sign', 'inject'] as const;

/** What of all that the line does bears on a right. */
export type BearingEffect = Extract<LineEffect, { readonly kind: (typeof BEARING)[number] }>;

/** Whether an effect of the line bears on a right. */
export function bearsOnRights(effect: LineEffect): effect is BearingEffect {
  return BEARING.some(kind => kind === effect.kind);
}

/** What one node said to a vote, and when. */
export type NodeReceipt = { readonly answer: NodeAnswer; readonly at: Instant };

/** What became of a ballot at the signers: signed, shared with another endorser, or the code for which it was not. */
export type SignerAnswer =
  { readonly kind: 'signed' | 'shared' } | { readonly kind: 'unsigned'; readonly code: string };

/** A vote from being wanted on; what has not happened is undefined. */
export type NotedVote = Pick<Ballot, 'kind' | 'round' | 'payloadHash'> & {
  readonly answer?: SignerAnswer;
  /** When the signed vote was to go out. */
  readonly publishedAt?: Instant;
  /** When it was written to the first node. */
  readonly handedAt?: Instant;
  /** What the nodes said last. */
  readonly receipts?: readonly NodeReceipt[];
};

type SeenBlock = {
  readonly hash: BlockHash;
  readonly round: Round;
  readonly payloadHash: PayloadHash;
  readonly timestamp: Instant;
};

/** An abstention; without slots it is about all seats of the level. */
type Abstained = {
  readonly hash: BlockHash;
  readonly reason: Abstention;
  readonly slots: readonly Slot[];
};

/** What was seen and done at a level, in that order. */
export type Page = {
  readonly blocks: readonly SeenBlock[];
  readonly abstentions: readonly Abstained[];
  readonly votes: ReadonlyMap<Slot, readonly NotedVote[]>;
};

export const EMPTY_PAGE: Page = { blocks: [], abstentions: [], votes: new Map() };

/** Blocks, abstentions and votes of a seat that are remembered of a level: those of some tens of rounds. */
const ROWS_MAX = 64;

/** Notes what the line of votes saw or wanted at the level of the page. */
export function noteEffect(
  page: Page,
  at: Instant,
  effect: Exclude<BearingEffect, { readonly kind: 'facts' }>,
): Page {
  switch (effect.kind) {
    case 'proposal': {
      const { hash, round, payloadHash, timestamp } = effect.proposal;
      const seen = { hash, round, payloadHash, timestamp };
      return { ...page, blocks: added(page.blocks, seen) };
    }
    case 'abstain': {
      const { hash, reason, seats } = effect;
      const slots = seats.map(({ slot }) => slot);
      return { ...page, abstentions: added(page.abstentions, { hash, reason, slots }) };
    }
    case 'sign':
      return noteVotes(page, effect.ballots, {});
    case 'inject':
      return noteVotes(page, [effect.ballot], { publishedAt: at });
  }
}

/** Notes what became of votes; one that nobody wanted before is wanted from here on. */
export function noteVotes(page: Page, ballots: readonly Ballot[], news: Partial<NotedVote>): Page {
  const votes = new Map(page.votes);
  for (const { slot, kind, round, payloadHash } of ballots) {
    const known = votes.get(slot) ?? [];
    const is = (vote: NotedVote): boolean =>
      vote.kind === kind && vote.round === round && vote.payloadHash === payloadHash;
    const changed = known.some(is)
      ? known.map(vote => (is(vote) ? { ...vote, ...news } : vote))
      : added(known, { kind, round, payloadHash, ...news });
    votes.set(slot, changed);
  }
  return { ...page, votes };
}

function added<Row>(rows: readonly Row[], row: Row): readonly Row[] {
  return [...rows, row].slice(-ROWS_MAX);
}
