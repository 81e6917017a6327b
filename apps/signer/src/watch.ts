import { REFUSALS, type Refusal, type Row } from '@meridian/watermark';
import { StoreError, type StoreErrorCode } from '@meridian/watermark-store';
import type { Doubts } from './doubts.ts';
import type { OpenGuard } from './guard.ts';
import { patrol } from './patrol.ts';

/** What watching a guard needs. */
export type WatchParts = {
  readonly open: (signal: AbortSignal) => Promise<OpenGuard>;
  readonly doubts: Doubts;
  /** Told of each row that is not what this signer knew, as often as it is seen. */
  readonly found: (row: Row, refusal: Refusal) => void;
  /** Told why the rows could not be looked at this time. */
  readonly missed: (error: StoreError) => void;
  /** The guard is broken for good: this process can sign nothing any more. */
  readonly broken: (error: StoreError) => void;
  readonly ending: AbortSignal;
};

/** A guard whose rows are looked at again and again. */
export type WatchedGuard = OpenGuard & {
  /** The rows as they were when they were last looked at. */
  readonly seen: () => readonly Row[];
  /** Those that this signer knows otherwise, as it knew them then, and why they cannot have come from that. */
  readonly differing: () => readonly Difference[];
};

/** A row that the store does not have as this signer knows it. */
export type Difference = { readonly known: Row; readonly code: Refusal['code'] };

/** What a store says that is as good as before afterwards. */
const PASSING: ReadonlySet<StoreErrorCode> = new Set(['overloaded', 'mistake']);

/** How often the rows are looked at though nobody asks: well within the delay between two blocks. */
const PATROL_MS = 2_000;
/** How soon again, as long as they have not been looked at once. */
const FIRST_PATROL_MS = 250;

/**
 * Opens what guards the keys and looks at all rows before it is of use; then as often as a block comes, or oftener.
 * @throws StoreError when it cannot be opened, or `closed` when the signal ends the wait
 */
export async function openWatched(parts: WatchParts): Promise<WatchedGuard> {
  const guard = await parts.open(parts.ending);
  for (const { known, code, stored } of guard.findings) {
    parts.doubts.note(known, { code }, stored);
    parts.found(known, { code });
  }
  let seen: readonly Row[] | undefined;
  let differing: readonly Difference[] = [];
  const look = async (): Promise<void> => {
    const found: Difference[] = [];
    const tell = (known: Row, refusal: Refusal): void => {
      found.push({ known, code: refusal.code });
      parts.found(known, refusal);
    };
    try {
      seen = await patrol({ ...guard, ...parts, found: tell });
      differing = found;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      parts.missed(error);
      if (!guard.isShared && !PASSING.has(error.code)) {
        parts.broken(error);
        return;
      }
    }
    // After the store, which closes a journal of its own when it breaks, and knows better why.
    try {
      guard.journal.probe();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      parts.broken(error);
    }
  };
  await look();
  while (seen === undefined && !parts.ending.aborted) {
    await new Promise(resolve => setTimeout(resolve, FIRST_PATROL_MS));
    await look();
  }
  const stop = repeatedly(look);
  const close = () => stop().finally(guard.close);
  if (seen !== undefined)
    return { ...guard, seen: () => seen ?? [], differing: () => differing, close };
  await close();
  throw new StoreError('closed');
}

/** Whether somebody has to look at once, as a level of the log. */
export function levelOf({ code }: Refusal): 'error' | 'warn' {
  return REFUSALS[code].alerts ? 'error' : 'warn';
}

/** Does something again and again, never twice at once; what is returned ends it. */
function repeatedly(act: () => Promise<void>): () => Promise<void> {
  let running = Promise.resolve();
  let isIdle = true;
  const timer = setInterval(() => {
    if (!isIdle) return;
    isIdle = false;
    running = act().finally(() => (isIdle = true));
  }, PATROL_MS);
  return () => {
    clearInterval(timer);
    return running;
  };
}
