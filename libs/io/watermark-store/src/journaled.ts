import { continuationRefusal, type RefusalCode, type Row } from '@meridian/watermark';
import type { Journal } from './journal.ts';
import { latches, storeOver, writeRow, type Medium, type WatermarkStore } from './store.ts';

/** A row of the store that does not continue what the journal knows. */
export type Finding = {
  readonly code: RefusalCode;
  readonly known: Row;
  /** Undefined where the store has no such row. */
  readonly stored: Row | undefined;
};

/** A store that a journal bears witness to. */
export type JournaledStore = WatermarkStore & {
  readonly journal: Journal;
  /** What was wrong when it was opened; the rows of these keys are latched. */
  readonly findings: readonly Finding[];
};

/**
 * A store over a medium whose rows are known to a journal too. A row is noted after the store has it and before
 * anybody is told, so the journal is never ahead of the store, and a store that is behind the journal was put back. A
 * store whose process died between the two is ahead by one transaction, of which nobody was told.
 * @throws StoreError when the medium or the journal fails while they are compared
 */
export function storeWith(medium: Medium, journal: Journal): JournaledStore {
  const findings = compare(medium, journal);
  const witnessed: Medium = {
    ...medium,
    commit: writes => {
      medium.commit(writes);
      journal.note(writes);
    },
    close: () => {
      try {
        medium.close();
      } finally {
        journal.close();
      }
    },
  };
  return { ...storeOver(witnessed), journal, findings };
}

/**
 * Holds the store against the journal, and latches every row of a key that is not what it was (rule 8).
 *
 * The journal is not told of these latches. What it knows is the only witness of the mark that the store has
 * forgotten, and a latched row would count on from the forgetful one, or bear what was edited into it. So the journal
 * keeps the row as it was; it gives it up for that of a release which is above it, or on an operator's word.
 */
function compare(medium: Medium, journal: Journal): readonly Finding[] {
  const { rows } = medium;
  medium.begin();
  const findings = journal.rows().flatMap(known => {
    const stored = rows.get(known);
    const refusal = continuationRefusal(known, stored);
    return refusal === undefined ? [] : [{ code: refusal.code, known, stored }];
  });
  for (const { known, code } of findings) {
    for (const row of latches(rows, known, code)) writeRow(rows, row);
  }
  medium.commit([]);
  return findings;
}
