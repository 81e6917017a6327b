import { ABSTENTIONS, type Abstention } from '@meridian/tenderbake';

/** What an outcome says. */
type OutcomeRow = {
  readonly meaning: string;
  /** Whether the chain has a vote that shadow would not have given it. */
  readonly isShort: boolean;
};

/** What becomes of a right when chain and shadow are compared; the key is the code in JSON. */
export const OUTCOMES = {
  agree: { meaning: 'the chain included the vote that shadow would have cast', isShort: false },
  lost_by_chain: {
    meaning: 'the chain has no vote; shadow would have cast it: lost by the running baker',
    isShort: false,
  },
  missed_by_both: {
    meaning: 'the chain has no vote, and shadow would not have cast it either',
    isShort: false,
  },
  missed_by_shadow: {
    meaning: 'the chain included a vote; shadow would have cast none',
    isShort: true,
  },
  other_payload: {
    meaning: 'the chain included a vote; shadow would have voted for another payload or round',
    isShort: true,
  },
} as const satisfies Record<string, OutcomeRow>;

/** One of the codes of {@link OUTCOMES}. */
export type ShadowOutcome = keyof typeof OUTCOMES;

/** Reasons of shadow's own, beside those of a voter that abstains. */
export const OWN_REASONS = {
  block_unseen: 'no node brought the block of that round, or nothing proved it in time',
  key_unknown: 'the seat votes with a consensus key that shadow does not know; give it by --key',
  voted_otherwise: 'shadow would have attested another payload or round',
} as const;

/** Why shadow would not have cast the vote; the key is the code in JSON. */
export type ShadowReason = Abstention | keyof typeof OWN_REASONS;

/** What a reason means. */
export function meaningOf(reason: ShadowReason): string {
  return reason in OWN_REASONS
    ? OWN_REASONS[reason as keyof typeof OWN_REASONS]
    : ABSTENTIONS[reason as Abstention].why;
}

/** The outcomes as lines of help. */
export function helpOnOutcomes(): readonly string[] {
  const width = Math.max(...Object.keys(OUTCOMES).map(name => name.length));
  const rows = Object.entries<OutcomeRow>(OUTCOMES);
  return ['Outcomes:', ...rows.map(([name, { meaning }]) => `  ${name.padEnd(width)}  ${meaning}`)];
}
