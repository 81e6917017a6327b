import { assert, err, ok, type Result } from '@meridian/prelude';
import type { AdministrationRefusal } from './administration-refusals.ts';
import { floorMark } from './floor.ts';
import { comparePositions, NO_MAX_LEVEL } from './row.ts';
import type { Position, Row } from './row.ts';

/** What an operator gives to end a latch. */
export type Release = {
  /** Above all that can have been signed under the key: see {@link release}. */
  readonly floor: Position;
  /** The first level that the chain cannot have reached yet: `horizonEnd`. */
  readonly horizonEnd: number;
  /** Minted at random for this release. */
  readonly incarnation: string;
  /** What the signer knows of the rows, which a store that was put back has forgotten. */
  readonly known?: readonly Row[];
};

/** Stops the row after a fault, whatever its mode, and remembers it. A latched row comes back as it is. */
export function latch(row: Row): Row {
  if (row.mode === 'latched') return row;
  return { ...row, mode: 'latched', latchedFrom: row.mode, seq: row.seq + 1 };
}

/**
 * Ends a latch: back to standby, or to frozen where the row was handed over, never to active. The incarnation makes
 * every signer learn the row anew.
 *
 * The floor is above the mark, and at the end of the horizon or above, and at the end of the lease or above where
 * there is one. The lease alone would not do: a store that was put back has forgotten how far it was extended.
 * The same release again gives the very row back.
 */
export function release(row: Row, given: Release): Result<Row, AdministrationRefusal> {
  const { floor, incarnation } = given;
  const mark = floorMark(floor);
  if (mark === undefined) return err('bad_floor');
  if (incarnation === '') return err('bad_holder');
  if (isReleased(row, given)) return ok(row);
  if (row.mode !== 'latched') return err('wrong_mode');
  if (!(mark.level > row.level)) return err('would_lower_mark');
  // Asked this way round, an end that is no number is never reached.
  const leaseEnd = row.maxLevel === NO_MAX_LEVEL ? 0 : row.maxLevel;
  if (!(mark.level >= given.horizonEnd && mark.level >= leaseEnd)) return err('floor_too_low');
  if (incarnation === row.incarnation) return err('same_incarnation');
  const released = { mode: row.latchedFrom === 'frozen' ? 'frozen' : 'standby' } as const;
  const again = { latchedFrom: null, history: 'doubtful', incarnation } as const;
  return ok({
    ...{ ...row, ...mark, ...released, ...again, ...countsAbove(row, given) },
    seq: row.seq + 1,
  });
}

/** Counts that no row of this kind had before: a generation that comes back would pass for the one of that time. */
function countsAbove(row: Row, { known = [] }: Release) {
  const all = [row, ...known.filter(({ kind }) => kind === row.kind)];
  const highest = (count: (each: Row) => number): number => Math.max(...all.map(count));
  const handed = highest(({ handedEpoch }) => handedEpoch ?? -1);
  return {
    generation: highest(({ generation }) => generation) + 1,
    epoch: highest(({ epoch }) => epoch),
    burntEpoch: highest(({ burntEpoch }) => burntEpoch),
    handedEpoch: handed < 0 ? null : handed,
  };
}

/** Stops every row of a key: what is wrong with one may be wrong with all. */
export function latchKey(rows: readonly Row[]): readonly Row[] {
  assertOneKey(rows);
  return rows.map(latch);
}

/**
 * Ends the latch of every row of a key under one floor and one incarnation, or of none: the first refusal stands for
 * all. A store passes every row that it has of the key and writes them in one transaction.
 */
export function releaseKey(
  rows: readonly Row[],
  given: Release,
): Result<readonly Row[], AdministrationRefusal> {
  assertOneKey(rows);
  const released: Row[] = [];
  for (const row of rows) {
    const outcome = release(row, given);
    if (!outcome.ok) return outcome;
    released.push(outcome.value);
  }
  return ok(released);
}

function isReleased(row: Row, { incarnation, floor }: Release): boolean {
  const isAway = row.mode === 'standby' || row.mode === 'frozen';
  const isSame = row.history === 'doubtful' && row.incarnation === incarnation;
  return isAway && isSame && comparePositions(row, floor) >= 0;
}

function assertOneKey(rows: readonly Row[]): void {
  const [first] = rows;
  assert(first !== undefined, 'a key that is latched or released has a row');
  const isOne = rows.every(({ chainId, pkh }) => chainId === first.chainId && pkh === first.pkh);
  assert(isOne, 'the rows that are latched and released together are of one chain and key');
  assert(
    new Set(rows.map(row => row.kind)).size === rows.length,
    'a key has one row for each kind',
  );
}
