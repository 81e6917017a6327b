import {
  continuationRefusal,
  REFUSALS,
  rowName,
  type Refusal,
  type Row,
} from '@meridian/watermark';
import type { Journal, WatermarkStore } from '@meridian/watermark-store';
import { latchDoubted, type Doubts } from './doubts.ts';

/** What a patrol needs. */
export type PatrolParts = {
  readonly journal: Pick<Journal, 'rows' | 'known' | 'noteSoon'>;
  readonly store: WatermarkStore;
  readonly doubts: Doubts;
  /** Told of each row that is not what this signer knew, as often as it is seen. */
  readonly found: (key: Row, refusal: Refusal) => void;
};

/**
 * Reads every row and holds those that this signer knows against that, so that a store that was put back is noticed by
 * a signer that nobody asks, too (rule 8). Where a row is not what it was, the rows of its key are latched.
 * @returns the rows as the store has them
 * @throws StoreError when the store cannot be read, or a row not be latched; the next patrol tries again
 */
export async function patrol(parts: PatrolParts): Promise<readonly Row[]> {
  // Before the store is read: what it says afterwards is as late as this, or later.
  const known = parts.journal.rows();
  const stored = await parts.store.rows();
  const byName = new Map(stored.map(row => [rowName(row), row]));
  const doubted: Row[] = [];
  for (const row of known) {
    const now = byName.get(rowName(row));
    const refusal = continuationRefusal(row, now);
    if (refusal === undefined) {
      if (now !== undefined) parts.journal.noteSoon(now);
      continue;
    }
    // An operator may have taught this signer the row anew while the store was read.
    if (!isIncarnation(parts.journal.known(row), row)) continue;
    parts.doubts.note(row, refusal, now);
    parts.found(row, refusal);
    if (REFUSALS[refusal.code].latches) doubted.push(row);
  }
  for (const row of doubted) await latchDoubted(parts.store, row);
  return stored;
}

function isIncarnation(now: Row | undefined, before: Row): boolean {
  return now?.incarnation === before.incarnation && now.generation === before.generation;
}
