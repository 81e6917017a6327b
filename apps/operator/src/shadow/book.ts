import { newInclusion, stepInclusion, UNDECIDED } from '@meridian/attribution';
import type { InclusionEvent, Verdict } from '@meridian/attribution';
import type { BlockHash, PublicKeyHash } from '@meridian/tezos';
import { compare } from './compare.ts';
import { EMPTY_PAGE, type Diary } from './diary.ts';
import { countLevel, countRight, EMPTY_TALLY, lineOf, type Tally } from './report.ts';

/** What is known of a run: what shadow would have done, and what the chain did. */
export type Book = {
  /** Notes what shadow saw or would have done. */
  readonly note: (change: (diary: Diary) => Diary) => void;
  readonly hear: (event: InclusionEvent) => void;
  readonly hasBegun: () => boolean;
  readonly tally: () => Tally;
};

/** What a book needs. */
export type BookOptions = {
  /** The consensus keys that shadow would have voted with. */
  readonly keys: ReadonlySet<PublicKeyHash>;
  /** How many levels are compared; undefined: any number. */
  readonly levels: number | undefined;
  readonly say: (line: string) => void;
  /** The operations of a block are wanted. */
  readonly read: (hash: BlockHash) => void;
  /** All levels are compared. */
  readonly full: () => void;
};

/** Levels from the first one seen on that are not judged: much of their votes went by before we listened. */
const WARM_LEVELS = 2;

/** Compares level by level; each right is said in a line. */
export function openBook({ keys, levels, say, read, full }: BookOptions): Book {
  let tally = EMPTY_TALLY;
  let inclusion = newInclusion();
  let diary: Diary = new Map();
  let from: number | undefined;
  const judge = (verdict: Verdict): void => {
    const { level, kind } = verdict;
    if (from === undefined || level < from || tally.levels === levels) return;
    tally = countLevel(tally, kind === 'undecided' ? verdict.why : undefined);
    if (kind === 'undecided') {
      say(`level ${level.toString()}: no verdict: ${verdict.why} (${UNDECIDED[verdict.why]})`);
    }
    if (kind === 'decided') {
      const page = diary.get(level) ?? EMPTY_PAGE;
      for (const seat of verdict.seats) {
        const right = compare(level, verdict.decision, seat, page, keys);
        tally = countRight(tally, right);
        say(lineOf(right));
      }
    }
    if (tally.levels === levels) full();
  };
  return {
    note: change => {
      diary = change(diary);
    },
    hear: event => {
      if (event.kind === 'block') from ??= event.level + WARM_LEVELS;
      const [next, effects] = stepInclusion(inclusion, event);
      inclusion = next;
      for (const effect of effects) {
        if (effect.kind === 'read') read(effect.hash);
        else judge(effect.verdict);
      }
    },
    hasBegun: () => from !== undefined,
    tally: () => tally,
  };
}
