import type { ChainId } from '@meridian/tezos';
import { comparePositions, continuationRefusal, rowName } from '@meridian/watermark';
import type { Horizon, Row, RowKey } from '@meridian/watermark';
import { breakageOf, StoreError } from './errors.ts';

/**
 * What the signers of a machine know of their rows outside the store, so that a store which was copied, edited or put
 * back is not believed (rules 5 and 8). It lies on another volume than the store. Whatever it cannot make durable is
 * thrown, always as a {@link StoreError}, and from then on it takes nothing until it is opened again.
 */
export type Journal = {
  /** The row as last known, from memory. */
  readonly known: (key: RowKey) => Row | undefined;
  readonly rows: () => readonly Row[];
  /** Above which no level of a chain can be, as last agreed. */
  readonly horizon: (chainId: ChainId) => Horizon | undefined;
  /** An operator's word: takes the place of the known one, also of one that was drawn too high; durable when it returns. */
  readonly setHorizon: (chainId: ChainId, horizon: Horizon) => void;
  /**
   * What this signer wrote; durable when it returns. Only what continues the known row takes its place, and a row
   * that is not known only from its beginning: see {@link continues}.
   */
  readonly note: (rows: readonly Row[]) => void;
  /**
   * What a store that others write to answered: known at once, durable within {@link JOURNAL_DELAY_MS} or with the
   * next note. A row that is not known, or another generation or epoch of it, is not taken from a store.
   */
  readonly noteSoon: (row: Row) => void;
  /** An operator's word: takes the place of what is known, whatever it was; durable when it returns. */
  readonly learn: (rows: readonly Row[]) => void;
  /** The server of a database as it was last known, in words of who uses it; undefined before the first. */
  readonly server: () => string | undefined;
  /** Durable when it returns. */
  readonly setServer: (text: string) => void;
  /** @throws StoreError when the journal is broken, closed or not where it was */
  readonly probe: () => void;
  readonly close: () => void;
};

/** What a journal consists of, or a change of it. */
export type JournalPart = {
  readonly rows: readonly Row[];
  readonly horizons: readonly (readonly [ChainId, Horizon])[];
  /** Undefined where there is none, or where it stays as it is. */
  readonly server?: string | undefined;
};

/** Where a journal is kept: `save` writes over what is there, and returns once it is durable and can be found again. */
export type JournalMedium = {
  readonly load: () => JournalPart;
  readonly save: (part: JournalPart) => void;
  readonly close: () => void;
};

/** The longest that a row which was noted for soon waits for the disk, in milliseconds. */
export const JOURNAL_DELAY_MS = 1_000;

/** A journal over a medium. */
export function journalOver(medium: JournalMedium): Journal {
  const part = medium.load();
  const known = new Map(part.rows.map(row => [rowName(row), row]));
  const horizons = new Map(part.horizons);
  let { server } = part;
  const pages = pagesOf(medium);
  const learn = (rows: readonly Row[]): void => {
    pages.save({ rows, horizons: [] });
    for (const row of rows) known.set(rowName(row), row);
  };
  return {
    known: key => known.get(rowName(key)),
    rows: () => [...known.values()],
    horizon: chainId => horizons.get(chainId),
    setHorizon: (chainId, horizon) => {
      assertHorizon(horizon);
      pages.save({ rows: [], horizons: [[chainId, horizon]] });
      horizons.set(chainId, horizon);
    },
    note: rows => {
      const taken = new Map<string, Row>();
      for (const row of rows) {
        const name = rowName(row);
        if (continues(taken.get(name) ?? known.get(name), row)) taken.set(name, row);
      }
      learn([...taken.values()]);
    },
    noteSoon: row => {
      const before = known.get(rowName(row));
      if (before?.generation !== row.generation || before.epoch !== row.epoch) return;
      if (!continues(before, row)) return;
      pages.saveSoon(row);
      known.set(rowName(row), row);
    },
    learn,
    server: () => server,
    setServer: text => {
      pages.save({ rows: [], horizons: [], server: text });
      server = text;
    },
    probe: () => pages.save({ rows: [], horizons: [] }),
    close: pages.close,
  };
}

/**
 * Whether a row takes the place of the known one. It does if it came from it by lawful changes and counted on. A later
 * generation is that of a release: it has to be above the known mark, which the released row itself may have
 * forgotten; so no release makes the journal forget. A row that is not known is taken where it begins: one that
 * counted before may be a copy's, and only an operator can tell.
 */
function continues(known: Row | undefined, next: Row): boolean {
  if (known === undefined) return next.seq === 0;
  if (next.generation > known.generation) return comparePositions(next, known) > 0;
  // A new holder is written over the very row that is known: what came between was not written by us.
  if (next.epoch !== known.epoch && next.seq !== known.seq + 1) return false;
  return next.seq > known.seq && continuationRefusal(known, next) === undefined;
}

/** Saves now or soon, what waits with what does not; a failure is for good. */
function pagesOf(medium: JournalMedium) {
  const late = new Map<string, Row>();
  let timer: NodeJS.Timeout | undefined;
  let broken: StoreError | undefined;
  const save = ({ rows, ...others }: JournalPart): void => {
    if (broken !== undefined) throw broken;
    try {
      medium.save({ rows: [...late.values(), ...rows], ...others });
    } catch (error) {
      throw end(breakageOf(error));
    }
    late.clear();
    clearTimeout(timer);
    timer = undefined;
  };
  const saveLate = (): void => {
    try {
      save({ rows: [], horizons: [] });
    } catch {
      // The next who asks is told.
    }
  };
  const end = (why: StoreError): StoreError => {
    clearTimeout(timer);
    broken = why;
    try {
      medium.close();
    } catch {
      // Nothing is left in it that has to be kept, and why it ended is known.
    }
    return why;
  };
  return {
    save,
    saveSoon: (row: Row): void => {
      if (broken !== undefined) throw broken;
      late.set(rowName(row), row);
      timer ??= setTimeout(saveLate, JOURNAL_DELAY_MS).unref();
    },
    close: (): void => {
      if (broken !== undefined) return;
      if (late.size > 0) save({ rows: [], horizons: [] });
      end(new StoreError('closed'));
    },
  };
}

/** @throws StoreError `mistake` that names the field */
function assertHorizon(horizon: Horizon): void {
  const { baseLevel, baseTime, minimalBlockDelay, slackLevels } = horizon;
  const levels = Object.entries({ baseLevel, slackLevels });
  const times = Object.entries({ baseTime, minimalBlockDelay });
  const wrong = [
    ...levels.filter(([, value]) => !(Number.isSafeInteger(value) && value >= 0)),
    ...times.filter(([, value]) => !(Number.isFinite(value) && value >= 0)),
    ...(minimalBlockDelay === 0 ? [['minimalBlockDelay'] as const] : []),
  ];
  const [first] = wrong;
  if (first !== undefined) throw new StoreError('mistake', `${first[0]} of a horizon`);
}

/** What {@link memoryJournal} keeps. */
export type KeptJournal = {
  readonly rows: Map<string, Row>;
  readonly horizons: Map<ChainId, Horizon>;
  server?: string | undefined;
};

/** A journal for tests and simulations: durable as long as the object that it is given. */
export function memoryJournal(
  kept: KeptJournal = { rows: new Map(), horizons: new Map() },
): Journal {
  return journalOver({
    load: () => ({
      rows: [...kept.rows.values()],
      horizons: [...kept.horizons],
      server: kept.server,
    }),
    save: ({ rows, horizons, server }) => {
      for (const row of rows) kept.rows.set(rowName(row), row);
      for (const [chainId, horizon] of horizons) kept.horizons.set(chainId, horizon);
      kept.server = server ?? kept.server;
    },
    close: () => undefined,
  });
}
