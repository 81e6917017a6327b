import type { Row } from '@meridian/watermark';
import { journalOver, type JournalMedium } from './journal.ts';
import { storeWith, type JournaledStore } from './journaled.ts';
import { memoryMedium } from './memory.ts';
import type { Medium } from './store.ts';

/** What is on the disks: it outlives every process, and changes as a whole when a commit or a save is through. */
export type Disks = {
  readonly store: ReadonlyMap<string, Row>;
  readonly journal: ReadonlyMap<string, Row>;
};

/** At which step the power goes, and whether what was being written then is found afterwards. */
export type Cut = { readonly step: number; readonly kept: boolean };

/** A process on two disks that stands until the power goes. */
export type Powered = {
  readonly open: () => JournaledStore;
  readonly disks: () => Disks;
  /** How many steps were made: beginnings, writes, commits and saves. */
  readonly steps: () => number;
  /** Counts steps from here; undefined for power that stays. */
  readonly cutAt: (cut: Cut | undefined) => void;
};

/**
 * A model of a machine whose power may go at any step. What is written in a transaction is durable with its commit
 * alone, and what is saved with its save; at the cut it is lost or kept, and nothing happens any more.
 */
export function powered(from: Disks): Powered {
  let disks = from;
  let [steps, isOff]: [number, boolean] = [0, false];
  let cut: Cut | undefined;
  /** One step; `durable` is what it leaves on a disk once it is through. */
  const step = (durable: () => void = () => undefined): void => {
    if (isOff) throw new Error('the power is off');
    const isLast = cut?.step === steps;
    steps += 1;
    if (!isLast || cut?.kept === true) durable();
    if (!isLast) return;
    isOff = true;
    throw new Error('the power goes');
  };
  const storeMedium = (): Medium => {
    const volatile = new Map(disks.store);
    const medium = memoryMedium(volatile);
    return {
      ...medium,
      rows: {
        ...medium.rows,
        write: row => {
          step();
          return medium.rows.write(row);
        },
      },
      begin: () => {
        step();
        medium.begin();
      },
      commit: () => step(() => (disks = { ...disks, store: new Map(volatile) })),
    };
  };
  const journalMedium = (): JournalMedium => ({
    load: () => ({ rows: [...disks.journal.values()], horizons: [] }),
    save: ({ rows }) =>
      step(() => {
        const named = rows.map(row => [`${row.pkh}/${row.kind}`, row] as const);
        disks = { ...disks, journal: new Map([...disks.journal, ...named]) };
      }),
    close: () => undefined,
  });
  return {
    open: () => storeWith(storeMedium(), journalOver(journalMedium())),
    disks: () => disks,
    steps: () => steps,
    cutAt: next => {
      cut = next;
      steps = 0;
    },
  };
}
