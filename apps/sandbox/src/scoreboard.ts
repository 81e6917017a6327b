import type { Instant } from '@meridian/prelude';
import type { LevelRights, SandboxChain, Verdict } from '@meridian/sandbox-chain';

/** What became of one right of a guest. */
export type JudgedRight = {
  readonly delegate: string;
  readonly level: number;
  readonly round: number;
  readonly attested: boolean;
  /** From the block's timestamp to the vote's arrival at a node; null when it never came. */
  readonly preattestationMs: number | null;
  readonly attestationMs: number | null;
  /** The block that became final. */
  readonly hash: string | null;
};

/** Everything in numbers. */
export type Summary = {
  /** The level of the head. */
  readonly levels: number;
  readonly rights: number;
  readonly attested: number;
  readonly missed: number;
  readonly doubleSigns: number;
  /** Final blocks that guests made. */
  readonly baked: number;
};

/** Counts what the chain judges. */
export type Scoreboard = {
  /** Takes what has been judged since the last call. */
  readonly update: () => void;
  readonly summary: () => Summary;
  /** The last rights judged, and then each new one. What is returned ends it. */
  readonly follow: (told: (right: JudgedRight) => void) => () => void;
};

/** Judged rights that are kept for who asks late. */
const RIGHTS_KEPT_MAX = 10_000;
/** Blocks after which one is final. */
const FINAL_AFTER = 2;

/** A scoreboard over a chain. */
export function createScoreboard(chain: SandboxChain): Scoreboard {
  const kept: JudgedRight[] = [];
  const listeners = new Set<(right: JudgedRight) => void>();
  const guests = new Set<string>(chain.options.guests.map(({ delegate }) => delegate));
  let [rights, attested, baked, finalLevel] = [0, 0, 0, 0];
  const judge = (verdict: Verdict): void => {
    const right = judgedRight(chain, verdict);
    rights += 1;
    if (right.attested) attested += 1;
    kept.push(right);
    if (kept.length > RIGHTS_KEPT_MAX) kept.shift();
    for (const told of listeners) told(right);
  };
  return {
    update: () => {
      chain.takeVerdicts().forEach(judge);
      while (finalLevel < chain.head().level - FINAL_AFTER) {
        finalLevel += 1;
        if (guests.has(bakerOf(chain, finalLevel) ?? '')) baked += 1;
      }
    },
    summary: () => ({
      levels: chain.head().level,
      rights,
      attested,
      missed: rights - attested,
      doubleSigns: chain.doubleSignings().length,
      baked,
    }),
    follow: told => {
      kept.forEach(told);
      listeners.add(told);
      return () => void listeners.delete(told);
    },
  };
}

function judgedRight(chain: SandboxChain, verdict: Verdict): JudgedRight {
  const block = chain.atLevel(verdict.level);
  const start = block === undefined ? NaN : Date.parse(block.header.timestamp);
  const since = (seen: Instant | null): number | null =>
    seen === null || Number.isNaN(start) ? null : seen - start;
  return {
    delegate: verdict.delegate,
    level: verdict.level,
    round: verdict.round,
    attested: verdict.attested,
    preattestationMs: since(verdict.preattestationSeen),
    attestationMs: since(verdict.attestationSeen),
    hash: block?.hash ?? null,
  };
}

function bakerOf(chain: SandboxChain, level: number): string | undefined {
  const block = chain.atLevel(level);
  return block && ownerOf(chain.rights(level), block.round % chain.options.committeeSize);
}

function ownerOf({ seats }: LevelRights, round: number): string | undefined {
  return seats.find(({ rounds }) => rounds.includes(round))?.delegate;
}
