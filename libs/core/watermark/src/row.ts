import type { ChainId, Level, PublicKeyHash, Round } from '@meridian/tezos';

/** The kinds that are guarded apart: a block never stands in the way of an attestation. */
export const KINDS = ['block', 'preattestation', 'attestation'] as const;

/** A kind of what a consensus key signs. */
export type Kind = (typeof KINDS)[number];

/**
 * Whether a row gives permissions: only `active` does. `standby`: provisioned, never activated here;
 * `frozen`: handed over; `latched`: something was wrong, an operator has to look.
 */
export const MODES = ['standby', 'active', 'frozen', 'latched'] as const;

/** A mode of a row. */
export type Mode = (typeof MODES)[number];

/**
 * What a row went through, as far as it bears on who may activate it. `new`: never active, never imported;
 * `known`: in use or imported, and it remembers all of it; `doubtful`: released after a fault, so that it may
 * have forgotten what it signed and which epochs it was given.
 */
export const HISTORIES = ['new', 'known', 'doubtful'] as const;

/** What a row went through. */
export type History = (typeof HISTORIES)[number];

/** What a row is about. */
export type RowKey = {
  readonly chainId: ChainId;
  readonly pkh: PublicKeyHash;
  readonly kind: Kind;
};

/** A row's key as text: what is equal is about one row. */
export function rowName({ chainId, pkh, kind }: RowKey): string {
  return `${chainId}/${pkh}/${kind}`;
}

/** A place in the order in which a key signs: level first, then round. */
export type Position = { readonly level: Level; readonly round: Round };

/** Who may use a row: compared by equality, each field. */
export type Holder = {
  /** One store with all its signers. */
  readonly site: string;
  /** Counts the holders; a site gets its number from a certificate, a grant or break-glass. */
  readonly epoch: number;
  /** Minted at random when the store is provisioned, and again whenever it may have lost something. */
  readonly incarnation: string;
  /** Counts the incarnations of a row, so that one that comes back is another one all the same. */
  readonly generation: number;
};

/** What was signed last, or a floor that nothing was signed at. */
export type Mark = Position & {
  /** Of the whole payload at the mark, hexadecimal; null when the mark is a floor. */
  readonly digest: string | null;
  /** The payload behind `digest`, hexadecimal; kept for votes, null for blocks and floors. */
  readonly bytes: string | null;
  /** The signature that was given for `digest`, once it is known to be stored. */
  readonly signature: string | null;
};

/**
 * The durable memory of one (chain, key, kind). Its `level` and `round` are the mark: nothing at or
 * below it is ever signed, except the very bytes behind `digest` again.
 *
 * What a store promises: a row that a function of this lib returns is written only over the row that it was
 * computed from, in one step with the comparison of {@link mayWrite}, and what it permits happens only after
 * that write is durable. A write that finds another `seq` starts over from a fresh read.
 */
export type Row = RowKey &
  Mark &
  Holder & {
    readonly mode: Mode;
    /** The mode that a latch ended, to which a release may have to go back; null unless latched. */
    readonly latchedFrom: Exclude<Mode, 'latched'> | null;
    readonly history: History;
    /** The first level that may not be signed: the end of the level lease. */
    readonly maxLevel: number;
    /** The epoch under which a frozen row was handed over; null unless it was frozen. */
    readonly handedEpoch: number | null;
    /** No authority with this epoch or an earlier one is ever accepted here. */
    readonly burntEpoch: number;
    /** Grows by one with every change, so that a store that was put back is noticed. */
    readonly seq: number;
  };

/** The lease end of a row without a lease: above every level. */
export const NO_MAX_LEVEL = 2 ** 31;

/** The order of positions: negative when `left` comes first. */
export function comparePositions(left: Position, right: Position): number {
  return left.level - right.level || left.round - right.round;
}

/** Whether this is the holder of the row, by each field. */
export function isHolder(row: Row, holder: Holder): boolean {
  const { site, epoch } = holder;
  return row.site === site && row.epoch === epoch && isIncarnation(row, holder);
}

/** Whether a row is still the incarnation that somebody speaks of. */
export function isIncarnation(
  row: Row,
  { incarnation, generation }: Pick<Holder, 'incarnation' | 'generation'>,
): boolean {
  return row.incarnation === incarnation && row.generation === generation;
}

/**
 * Whether `next` may be written where `stored` stands now: only over the row that it was computed from, and a new
 * row only where none is. In SQL: `UPDATE … WHERE … AND seq = next.seq - 1`, an `INSERT` that fails on a conflict.
 */
export function mayWrite(stored: Row | undefined, next: Row): boolean {
  return stored === undefined ? next.seq === 0 : next.seq === stored.seq + 1;
}
