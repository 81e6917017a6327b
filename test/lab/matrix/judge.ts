import type { SimulationResult } from '@meridian/simulation';
import { FIRST_SPELL, type Cell, type Expectation } from './cells.ts';

/** One hedge interval; source: migration.md 4.2. */
export const HEDGE_MS = 25;

/** Rights are agreed on so many levels ahead; what the first spell does to them is seen from there on. */
const AGREED_LEVELS = 16;

/** What became of a cell. */
export type Played = Pick<
  SimulationResult,
  'levels' | 'rights' | 'published' | 'attested' | 'missed' | 'missedReasons' | 'wrongVotes'
> &
  Pick<SimulationResult, 'doubleSigns' | 'addedDelayMs' | 'receipts'> & {
    readonly cell: string;
    readonly expects: Expectation;
    readonly held: boolean;
    /** Why it did not hold; null where it did. */
    readonly why: string | null;
    readonly cpuSeconds: number;
  };

/** Holds what came of a cell against what is expected. */
export function judged(cell: Cell, result: SimulationResult, cpuSeconds: number): Played {
  const { levels, rights, published, attested, missed, missedReasons, wrongVotes } = result;
  const { doubleSigns, addedDelayMs, receipts } = result;
  const why = whyNot(cell.expects, result);
  return {
    ...{ cell: cell.name, expects: cell.expects, held: why === null, why },
    ...{ levels, rights, published, attested, missed, missedReasons, wrongVotes },
    ...{ doubleSigns, addedDelayMs, receipts, cpuSeconds },
  };
}

/** A cell in which the code under test ended by an error. */
export function died(cell: Cell, levels: number, message: string): Played {
  return {
    ...{ cell: cell.name, expects: cell.expects, held: false, why: `died: ${message}` },
    ...{ levels, rights: 0, published: 0, attested: 0, missed: 0, missedReasons: {} },
    ...{ wrongVotes: 0, doubleSigns: 0, receipts: {}, cpuSeconds: 0 },
    addedDelayMs: { count: 0, p50: null, p99: null, max: null },
  };
}

type Seen = Pick<
  SimulationResult,
  'rights' | 'published' | 'missed' | 'missedLevels' | 'wrongVotes' | 'doubleSigns'
> &
  Pick<SimulationResult, 'addedDelayMs' | 'broken'>;

/** What of an expectation did not hold; null when all did. */
export function whyNot(expects: Expectation, seen: Seen): string | null {
  const { rights, missed, missedLevels, wrongVotes, doubleSigns, broken } = seen;
  if (wrongVotes > 0) return `${wrongVotes.toString()} wrong votes: ${broken ?? ''}`;
  if (doubleSigns > 0) return `${doubleSigns.toString()} double signatures`;
  if (broken !== null) return broken;
  if (rights === 0) return 'no right was judged';
  switch (expects) {
    case 'right':
      return null;
    case 'abstains':
      return missed > 0 ? null : 'no vote was missing';
    case 'agreed': {
      const early = missedLevels.find(level => level < FIRST_SPELL + AGREED_LEVELS);
      if (early !== undefined) return `level ${early.toString()} missed under agreed rights`;
      return missed > 0 ? null : 'no vote was missing';
    }
    case 'all':
      return whyNotAll(seen);
  }
}

function whyNotAll({ rights, published, missed, addedDelayMs: { max } }: Seen): string | null {
  if (missed > 0) return `${missed.toString()} rights missed`;
  if (published < rights) return `${(rights - published).toString()} votes not published`;
  return max !== null && max > HEDGE_MS ? `a vote was ${max.toString()} ms late` : null;
}
