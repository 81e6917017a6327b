import { err, ok, type Result } from '@meridian/prelude';
import { comparePositions, NO_MAX_LEVEL } from './row.ts';
import type { Holder, Mode, Position, Row, RowKey } from './row.ts';

/** Why an administrative change was refused; the key is the code. */
export const ADMINISTRATION_REFUSALS = {
  would_lower_mark: 'a mark is never lowered, and a floor at the mark would forget what was signed',
  wrong_mode: 'the row is not in a mode from which this change is allowed',
  stale_epoch: 'the epoch is not a whole number above the one that the row has',
  bad_lease_end: 'the end of a lease is a whole number, a level or the one after the last',
  other_site: 'the word of a target gives the row back to the site that froze it, to no other',
  not_the_holder: 'only the site that holds the row under its current epoch may do this',
  same_incarnation: 'a released row gets an incarnation that it never had',
} as const;

/** The code of a refused administrative change. */
export type AdministrationRefusal = keyof typeof ADMINISTRATION_REFUSALS;

/**
 * The only ways to become active, each with the modes that it may start from. Creating, importing and
 * raising rows is none of them, and nothing leads out of `latched` but {@link release}.
 */
export const AUTHORITIES = {
  /** A one-shot certificate bound to this site: a planned move. */
  certificate: ['standby', 'frozen'],
  /** A grant of the witness register. */
  grant: ['standby', 'frozen', 'active'],
  /** Two operators under their names. */
  break_glass: ['standby', 'frozen', 'active'],
  /** The signed word of the target that it burnt the certificate: the old site goes on. */
  nack: ['frozen'],
  /** A key that the edge nodes have not seen in use for two cycles. */
  first_use: ['standby'],
} as const satisfies Record<string, readonly Mode[]>;

/** What makes a site the holder of a row. */
export type Authority = {
  readonly by: keyof typeof AUTHORITIES;
  readonly site: string;
  readonly epoch: number;
  /** The first level that may not be signed; {@link NO_MAX_LEVEL} without a lease. */
  readonly maxLevel: number;
  /**
   * At and below this nothing is signed any more: the marks of a certificate, the level before a grant,
   * or what two operators stand for. A site never starts from its own memory alone.
   */
  readonly floor: Position;
};

/**
 * A new row: in standby, with a floor at and below which nothing will ever be signed. For a key that has
 * no row yet: a store never provisions over one, since that would forget its mark.
 */
export function provision(key: RowKey, holder: Holder, floor: Position): Row {
  const { chainId, pkh, kind } = key;
  const { site, epoch, incarnation } = holder;
  return {
    chainId,
    pkh,
    kind,
    site,
    epoch,
    incarnation,
    ...floorMark(floor),
    mode: 'standby',
    maxLevel: NO_MAX_LEVEL,
    seq: 0,
  };
}

/** Moves the mark up to a floor; the mode stays as it is. */
export function raise(row: Row, floor: Position): Result<Row, AdministrationRefusal> {
  if (comparePositions(floor, row) <= 0) return err('would_lower_mark');
  return ok({ ...row, ...floorMark(floor), seq: row.seq + 1 });
}

/**
 * Gives the row to a site: active from now on, above the floor that comes with the right, and whoever
 * held it is fenced. A mark that is higher than the floor stays.
 */
export function takeOver(row: Row, authority: Authority): Result<Row, AdministrationRefusal> {
  const from: readonly Mode[] = AUTHORITIES[authority.by];
  if (!from.includes(row.mode)) return err('wrong_mode');
  const { by, site, epoch, maxLevel, floor } = authority;
  if (!(Number.isSafeInteger(epoch) && epoch > row.epoch)) return err('stale_epoch');
  if (!(Number.isSafeInteger(maxLevel) && maxLevel <= NO_MAX_LEVEL)) return err('bad_lease_end');
  if (by === 'nack' && site !== row.site) return err('other_site');
  const raised = comparePositions(floor, row) > 0 ? { ...row, ...floorMark(floor) } : row;
  return ok({ ...raised, mode: 'active', site, epoch, maxLevel, seq: row.seq + 1 });
}

/** Ends the holder's right before it is handed over. */
export function freeze(row: Row, holder: Holder): Result<Row, AdministrationRefusal> {
  if (row.mode !== 'active') return err('wrong_mode');
  const { site, epoch, incarnation } = holder;
  const holds = row.site === site && row.epoch === epoch && row.incarnation === incarnation;
  return holds ? ok({ ...row, mode: 'frozen', seq: row.seq + 1 }) : err('not_the_holder');
}

/** Stops the row after a fault, whatever its mode. */
export function latch(row: Row): Row {
  return { ...row, mode: 'latched', seq: row.seq + 1 };
}

/**
 * Ends a latch: back to standby, never to active, with a floor above all that could have been signed
 * and an incarnation that makes every signer learn the row anew.
 */
export function release(
  row: Row,
  floor: Position,
  incarnation: string,
): Result<Row, AdministrationRefusal> {
  if (row.mode !== 'latched') return err('wrong_mode');
  if (!(floor.level > row.level)) return err('would_lower_mark');
  if (incarnation === row.incarnation) return err('same_incarnation');
  return ok({ ...row, ...floorMark(floor), mode: 'standby', incarnation, seq: row.seq + 1 });
}

/** The mark of a floor: a position that nothing was signed at and nothing will be. */
function floorMark({
  level,
  round,
}: Position): Pick<Row, 'level' | 'round' | 'digest' | 'bytes' | 'signature'> {
  return { level, round, digest: null, bytes: null, signature: null };
}
