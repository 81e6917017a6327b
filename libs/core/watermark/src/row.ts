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

/** What a row is about. */
export type RowKey = {
  readonly chainId: ChainId;
  readonly pkh: PublicKeyHash;
  readonly kind: Kind;
};

/** A place in the order in which a key signs: level first, then round. */
export type Position = { readonly level: Level; readonly round: Round };

/** Who may use a row: compared by equality, each field. */
export type Holder = {
  /** One store with all its signers. */
  readonly site: string;
  /** Counts the holders; a site gets its number from a certificate, a grant or break-glass. */
  readonly epoch: number;
  /** Minted when the store is provisioned, and again whenever it may have lost something. */
  readonly incarnation: string;
};

/**
 * The durable memory of one (chain, key, kind). Its `level` and `round` are the mark: nothing at or
 * below it is ever signed, except the very bytes behind `digest` again.
 */
export type Row = RowKey &
  Position &
  Holder & {
    readonly mode: Mode;
    /** The first level that may not be signed: the end of the level lease. */
    readonly maxLevel: number;
    /** Of the whole payload at the mark, hexadecimal; null when the mark is a floor that nothing was signed at. */
    readonly digest: string | null;
    /** The payload behind `digest`, hexadecimal; kept for votes, null for blocks and floors. */
    readonly bytes: string | null;
    /** The signature that was given for `digest`, once it is known to be stored. */
    readonly signature: string | null;
    /** Grows with every change, so that a store that was put back is noticed. */
    readonly seq: number;
  };

/** The lease end of a row without a lease: above every level. */
export const NO_MAX_LEVEL = 2 ** 31;

/** The order of positions: negative when `left` comes first. */
export function comparePositions(left: Position, right: Position): number {
  return left.level - right.level || left.round - right.round;
}
