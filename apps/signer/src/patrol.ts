import { ok } from '@meridian/prelude';
import { continuationRefusal, REFUSALS, type Refusal, type Row } from '@meridian/watermark';
import { latchKey, type KeyOfRows } from '@meridian/watermark/administration';
import type { Journal, WatermarkStore } from '@meridian/watermark-store';
import type { Doubts } from './doubts.ts';

/** What a patrol needs. */
export type PatrolParts = {
  readonly journal: Pick<Journal, 'rows' | 'noteSoon'>;
  readonly store: WatermarkStore;
  readonly doubts: Doubts;
  /** Told of each row that is not what this signer knew, as often as it is seen. */
  readonly found: (key: Row, refusal: Refusal) => void;
};

/**
 * Reads every row that this signer knows and holds it against that, so that a store that was put back is noticed by
 * a signer that nobody asks, too (rule 8). Where a row is not what it was, the rows of its key are latched.
 * @throws StoreError when the store cannot be read; the next patrol tries again
 */
export async function patrol(parts: PatrolParts): Promise<void> {
  // Before the store is read: what it says afterwards is as late as this, or later.
  const known = parts.journal.rows();
  const stored = await parts.store.rows();
  for (const row of known) {
    const now = stored.find(each => isSame(each, row));
    const refusal = continuationRefusal(row, now);
    if (refusal === undefined) learnCount(parts, row, now);
    else await doubt(parts, row, refusal);
  }
}

function isSame(one: Row, other: Row): boolean {
  return one.chainId === other.chainId && one.pkh === other.pkh && one.kind === other.kind;
}

/** How far a row has counted is learnt from the store; whose it is, never (rule 5). */
function learnCount({ journal }: PatrolParts, known: Row, stored: Row | undefined): void {
  if (stored === undefined || stored.seq === known.seq) return;
  if (stored.epoch === known.epoch) journal.noteSoon(stored);
}

async function doubt(
  { store, doubts, found }: PatrolParts,
  row: Row,
  refusal: Refusal,
): Promise<void> {
  doubts.note(row, refusal);
  found(row, refusal);
  if (!REFUSALS[refusal.code].latches) return;
  const key: KeyOfRows = row;
  await store.administer(key, rows => ok(rows.length === 0 ? rows : latchKey(rows)));
}
