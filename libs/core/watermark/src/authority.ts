import { err, ok, type Result } from '@meridian/prelude';
import type { AdministrationRefusal } from './administration-refusals.ts';
import { floorMark } from './floor.ts';
import { comparePositions, HISTORIES, isHolder, isIncarnation, NO_MAX_LEVEL } from './row.ts';
import type { History, Holder, Mode, Position, Row } from './row.ts';

/** The modes and histories from which an authority makes a row active. */
type StartingFrom = { readonly modes: readonly Mode[]; readonly histories: readonly History[] };

/**
 * The only ways to become active, and from where. Creating, importing and raising rows is none of them, and nothing
 * leads out of `latched` but a release.
 */
export const AUTHORITIES = {
  /** A one-shot certificate bound to this site: a planned move. */
  certificate: { modes: ['standby', 'frozen'], histories: HISTORIES },
  /** A grant of the witness register. */
  grant: { modes: ['standby', 'frozen', 'active'], histories: HISTORIES },
  /** Two operators under their names. */
  break_glass: { modes: ['standby', 'frozen', 'active'], histories: HISTORIES },
  /**
   * The signed word of the target that it burnt the epoch handed to it: the old site goes on. A row that may have
   * forgotten a later hand-over cannot tell which one the word is about.
   */
  nack: { modes: ['frozen'], histories: ['known'] },
  /** A key that the edge nodes have not seen in use for two cycles, in a row that was never used. */
  first_use: { modes: ['standby'], histories: ['new'] },
} as const satisfies Record<string, StartingFrom>;

/**
 * What makes a site the holder of a row: the holder that it is to become, whose incarnation and generation are those
 * of the row that the right was given for. So what was given to a row before its release is worth nothing after it.
 */
export type Authority = Holder & {
  readonly by: keyof typeof AUTHORITIES;
  /** The first level that may not be signed; {@link NO_MAX_LEVEL} without a lease. */
  readonly maxLevel: number;
  /**
   * At and below this nothing is signed any more: the marks of a certificate, the level before a grant,
   * or what two operators stand for. A site never starts from its own memory alone.
   */
  readonly floor: Position;
  /** The epoch that a `nack` says was burnt at the target: the one that {@link burn} was asked for. */
  readonly burntEpoch?: number;
};

/**
 * Gives the row to a site: active from now on, above the floor that comes with the right, and whoever
 * held it is fenced. Only a mark that is higher than the floor stays. The same authority again, also after its lease was
 * extended, gives the very row back.
 */
export function takeOver(row: Row, authority: Authority): Result<Row, AdministrationRefusal> {
  const { by, site, epoch, maxLevel, floor } = authority;
  const mark = floorMark(floor);
  if (mark === undefined) return err('bad_floor');
  if (!(Number.isSafeInteger(maxLevel) && maxLevel <= NO_MAX_LEVEL)) return err('bad_lease_end');
  if (isInForce(row, authority)) return ok(row);
  const { modes, histories }: StartingFrom = AUTHORITIES[by];
  if (!modes.includes(row.mode)) return err('wrong_mode');
  if (!histories.includes(row.history)) return err('wrong_history');
  if (!isIncarnation(row, authority)) return err('other_incarnation');
  const refusal = epochRefusal(row, authority) ?? nackRefusal(row, authority);
  if (refusal !== undefined) return err(refusal);
  const held = { site, epoch, maxLevel, handedEpoch: null, history: 'known' } as const;
  // At the mark, too: what was permitted here there may never have been signed, and something else elsewhere.
  const raised = comparePositions(mark, row) >= 0 ? { ...row, ...mark } : row;
  return ok({ ...raised, ...held, mode: 'active', seq: row.seq + 1 });
}

/**
 * Gives the word of a target: no authority with this epoch or an earlier one is accepted here from now on. Once this
 * is durable a NACK may be signed. Refused for an epoch that may have been in use here, and for a row that may have
 * forgotten that it was. The same epoch again gives the very row back.
 */
export function burn(row: Row, epoch: number): Result<Row, AdministrationRefusal> {
  if (row.mode === 'latched') return err('wrong_mode');
  if (row.history === 'doubtful') return err('wrong_history');
  if (!(Number.isSafeInteger(epoch) && epoch > row.epoch)) return err('stale_epoch');
  return ok(epoch > row.burntEpoch ? { ...row, burntEpoch: epoch, seq: row.seq + 1 } : row);
}

/** Whether this authority was applied already and the row only moved up since. */
function isInForce(row: Row, authority: Authority): boolean {
  const isCovered =
    row.maxLevel >= authority.maxLevel && comparePositions(row, authority.floor) >= 0;
  return row.mode === 'active' && isHolder(row, authority) && isCovered;
}

/** The epoch that a row handed out belongs to the next site; the one that froze it needs a later one. */
function epochRefusal(row: Row, { site, epoch }: Authority): AdministrationRefusal | undefined {
  const handed = row.handedEpoch ?? row.epoch + 1;
  const first = row.handedEpoch !== null && site === row.site ? handed + 1 : handed;
  if (!(Number.isSafeInteger(epoch) && epoch >= first)) return 'stale_epoch';
  return epoch <= row.burntEpoch ? 'burnt_epoch' : undefined;
}

function nackRefusal(row: Row, authority: Authority): AdministrationRefusal | undefined {
  if (authority.by !== 'nack') return undefined;
  if (authority.site !== row.site) return 'other_site';
  // Exactly that one: a target that used it may still burn a later one.
  const isBurnt = row.handedEpoch !== null && authority.burntEpoch === row.handedEpoch;
  return isBurnt ? undefined : 'not_burnt';
}
