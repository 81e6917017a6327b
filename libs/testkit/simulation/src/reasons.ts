import type { Verdict } from '@meridian/sandbox-chain';
import type { Ballot, Proposal } from '@meridian/tenderbake';

/** Levels that are remembered: a right is judged some levels later. */
const LEVELS_KEPT = 16;

/** Why rights were missed, in the words of whoever could not do its part. */
export type Reasons = {
  /** Something at a level went wrong; the last word counts. */
  readonly note: (level: number, reason: string) => void;
  readonly refused: (level: number, code: string) => void;
  readonly heard: (proposal: Pick<Proposal, 'level' | 'round'>) => void;
  readonly injected: (ballot: Ballot) => void;
  /** Why a right was missed; undefined when nobody gave a reason. */
  readonly why: (verdict: Verdict) => string | undefined;
  readonly refusals: () => Readonly<Record<string, number>>;
};

/** @param areBad whether lines or nodes are so bad at a level that what is sent may never arrive */
export function newReasons(areBad: (level: number) => boolean): Reasons {
  const noted = new Map<number, string>();
  const refusals: Record<string, number> = {};
  /** By level: the rounds that were heard of, and the votes that were sent. */
  const seen = new Map<number, Set<string>>();
  const remember = (level: number, what: string): void => {
    const ofLevel = seen.get(level) ?? new Set<string>();
    seen.set(level, ofLevel.add(what));
    for (const old of seen.keys()) if (old < level - LEVELS_KEPT) seen.delete(old);
    for (const old of noted.keys()) if (old < level - LEVELS_KEPT) noted.delete(old);
  };
  return {
    note: (level, reason) => {
      noted.set(level, reason);
    },
    refused: (level, code) => {
      refusals[code] = (refusals[code] ?? 0) + 1;
      noted.set(level, code);
    },
    heard: ({ level, round }) => {
      remember(level, `block ${round.toString()}`);
    },
    injected: ({ kind, level, round, consensusKey }) => {
      if (kind === 'attestation') remember(level, `${consensusKey} ${round.toString()}`);
    },
    why: ({ level, round, attestationSeen }) => {
      const isBad = areBad(level);
      const ofLevel = seen.get(level);
      const isHeard = ofLevel?.has(`block ${round.toString()}`) === true;
      const said = noted.get(level);
      if (said !== undefined) return said;
      if (!isBad) return undefined;
      if (!isHeard) return 'block_not_heard';
      return attestationSeen === null ? 'vote_lost' : 'vote_late';
    },
    refusals: () => refusals,
  };
}
