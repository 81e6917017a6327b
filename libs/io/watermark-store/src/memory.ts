import { mayWrite, rowName, type Row } from '@meridian/watermark';
import { memoryJournal } from './journal.ts';
import { storeWith, type JournaledStore } from './journaled.ts';
import type { Medium, Rows } from './store.ts';

/** A store for tests and simulations: durable as long as the object that it is given. */
export function memoryStore(
  kept: Map<string, Row> = new Map<string, Row>(),
  journal = memoryJournal(),
): JournaledStore {
  return storeWith(memoryMedium(kept), journal);
}

/** What {@link memoryStore} keeps its rows in. */
export function memoryMedium(kept: Map<string, Row>): Medium {
  let before = new Map(kept);
  const rows: Rows = {
    get: key => kept.get(rowName(key)),
    ofKey: (chainId, pkh) =>
      [...kept.values()].filter(row => row.chainId === chainId && row.pkh === pkh),
    all: () => [...kept.values()],
    write: row => {
      if (!mayWrite(kept.get(rowName(row)), row)) return false;
      kept.set(rowName(row), row);
      return true;
    },
  };
  return {
    rows,
    begin: () => {
      before = new Map(kept);
    },
    commit: () => undefined,
    rollback: () => {
      kept.clear();
      for (const [name, row] of before) kept.set(name, row);
    },
    close: () => undefined,
  };
}
