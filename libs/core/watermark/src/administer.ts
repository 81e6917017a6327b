import { err, ok, type Result } from '@meridian/prelude';
import type { AdministrationRefusal } from './administration-refusals.ts';
import { floorMark } from './floor.ts';
import { comparePositions, isHolder, NO_MAX_LEVEL } from './row.ts';
import type { History, Holder, Position, Row, RowKey } from './row.ts';

/**
 * A new row: in standby, with a floor at and below which nothing will ever be signed. Never over a row that is
 * there already, which would forget its mark; a store asks this in the transaction that writes the row.
 * @param history `new` for a key that no other store has rows of, `known` with the marks of one that has, `doubtful`
 *   in place of a store that was lost
 */
export function provision(
  existing: Row | undefined,
  key: RowKey,
  holder: Holder,
  floor: Position,
  history: History,
): Result<Row, AdministrationRefusal> {
  if (existing !== undefined) return err('already_provisioned');
  if (!isWellFormed(holder)) return err('bad_holder');
  const mark = floorMark(floor);
  if (mark === undefined) return err('bad_floor');
  const { chainId, pkh, kind } = key;
  const { site, epoch, incarnation, generation } = holder;
  return ok({
    ...{ chainId, pkh, kind },
    ...{ site, epoch, incarnation, generation },
    ...mark,
    mode: 'standby',
    latchedFrom: null,
    history,
    maxLevel: NO_MAX_LEVEL,
    handedEpoch: null,
    burntEpoch: epoch,
    seq: 0,
  });
}

/** Where a floor comes from: `set` by an operator, for example from the chain, or `imported` from another store. */
export type FloorOrigin = 'set' | 'imported';

/**
 * Moves the mark up to a floor; the mode stays as it is. A floor that is set lies above the mark, an imported one may
 * lie below it: then the mark stays, and the row still knows that its key was used elsewhere. The same floor again
 * gives the very row back.
 */
export function raise(
  row: Row,
  floor: Position,
  origin: FloorOrigin,
): Result<Row, AdministrationRefusal> {
  const mark = floorMark(floor);
  if (mark === undefined) return err('bad_floor');
  const order = comparePositions(mark, row);
  const isThere = order === 0 && row.digest === null;
  if (origin === 'set' && order <= 0 && !isThere) return err('would_lower_mark');
  const history = origin === 'imported' && row.history === 'new' ? 'known' : row.history;
  if (order <= 0 && history === row.history) return ok(row);
  return ok({ ...row, ...(order > 0 ? mark : {}), history, seq: row.seq + 1 });
}

/**
 * Moves the end of the holder's lease, under the epoch that it has. A lease only grows: an end that is reached
 * already, as of a renewal that comes late or twice, gives the very row back.
 * @param maxLevel the first level that may not be signed; only a take-over lifts a lease altogether
 */
export function extendLease(
  row: Row,
  holder: Holder,
  maxLevel: number,
): Result<Row, AdministrationRefusal> {
  if (row.mode !== 'active') return err('wrong_mode');
  if (!isHolder(row, holder)) return err('not_the_holder');
  if (!(Number.isSafeInteger(maxLevel) && maxLevel < NO_MAX_LEVEL)) return err('bad_lease_end');
  return ok(maxLevel > row.maxLevel ? { ...row, maxLevel, seq: row.seq + 1 } : row);
}

/**
 * Ends the holder's right before it is handed over. The same hand-over again gives the very row back, another one is
 * refused: a site hands its right out once.
 * @param handedEpoch the epoch that the certificate gives to the next holder
 */
export function freeze(
  row: Row,
  holder: Holder,
  handedEpoch: number,
): Result<Row, AdministrationRefusal> {
  const isAgain = row.mode === 'frozen' && row.handedEpoch === handedEpoch;
  if (!isAgain && row.mode !== 'active') return err('wrong_mode');
  if (!isHolder(row, holder)) return err('not_the_holder');
  if (!(Number.isSafeInteger(handedEpoch) && handedEpoch > row.epoch)) return err('stale_epoch');
  return ok(isAgain ? row : { ...row, mode: 'frozen', handedEpoch, seq: row.seq + 1 });
}

function isWellFormed({ site, epoch, incarnation, generation }: Holder): boolean {
  const counts = [epoch, generation].every(count => Number.isSafeInteger(count) && count >= 0);
  return counts && site !== '' && incarnation !== '';
}
