import type { Position, Row } from './row.ts';

/**
 * What a refusal asks of its reader. `unsafe`: signing could have been a double signature, or nearly.
 * `unavailable`: this site may not sign now, another may. `forbidden`: no site ever signs this.
 */
export type RefusalClass = 'unsafe' | 'unavailable' | 'forbidden';

/** What is known of a refusal without the request. */
export type RefusalFacts = {
  readonly class: RefusalClass;
  /** Somebody has to look at once. */
  readonly alerts: boolean;
  /**
   * The store is not what the signer knew, so it latches every row of the key. Where no row is left to latch, the
   * signer itself stops signing with the key until an operator acts.
   */
  readonly latches: boolean;
  /** For people: what it means. */
  readonly meaning: string;
  /** For people: what to do about it. */
  readonly remedy: string;
};

/** Every reason not to sign; the key is the code in answers, logs and metrics. */
export const REFUSALS = {
  missing_row: {
    class: 'unavailable',
    alerts: true,
    latches: true,
    meaning: 'no watermark row is provisioned for this chain, key and kind',
    remedy:
      'find out which database or file this is; if it is the right one and its rows were lost, watermark release makes them anew, with a floor above all that can have been signed',
  },
  other_incarnation: {
    class: 'unavailable',
    alerts: true,
    latches: true,
    meaning: 'the row was provisioned anew or released since this signer learned its incarnation',
    remedy:
      'find out who set the rows up anew and whether another site signs; then watermark release, with a floor above all that can have been signed',
  },
  store_went_back: {
    class: 'unavailable',
    alerts: true,
    latches: true,
    meaning: 'the store knows less than it did: it was put back to an older state',
    remedy:
      'somebody restored the store; read docs/signer.md, "After a restore", then watermark release',
  },
  edited_row: {
    class: 'unavailable',
    alerts: true,
    latches: true,
    meaning: 'the row says something else than what was written to it',
    remedy:
      'find out who wrote to the store; then watermark release, with a floor above all that can have been signed',
  },
  superseded: {
    class: 'unavailable',
    alerts: true,
    latches: false,
    meaning:
      'an operator released the row since; this signer has to be told of its new incarnation',
    remedy: 'watermark adopt on this signer, with the epoch that the operator of the release names',
  },
  unknown_row: {
    class: 'forbidden',
    alerts: true,
    latches: false,
    meaning: 'this signer was never told that it may use a row for this chain, key and kind',
    remedy:
      'watermark init for a new key, watermark adopt for a further signer of a site that signs already',
  },
  latched: {
    class: 'unavailable',
    alerts: true,
    latches: false,
    meaning: 'the row is latched after a fault; an operator has to release it',
    remedy: 'watermark show says why; then watermark release',
  },
  standby: {
    class: 'unavailable',
    alerts: false,
    latches: false,
    meaning:
      'this site stands by: it was not given the right to sign, or not since an operator released it',
    remedy: 'nothing where another site signs; otherwise the row has to be activated',
  },
  frozen: {
    class: 'unavailable',
    alerts: false,
    latches: false,
    meaning: 'this site has handed the right to sign to another one',
    remedy: 'nothing: the right is with another site',
  },
  fenced: {
    class: 'unavailable',
    alerts: true,
    latches: false,
    meaning: 'the row belongs to another site, or to another epoch of this one',
    remedy:
      'nothing where another site has taken over; otherwise compare site in the configuration with watermark show',
  },
  lease_exhausted: {
    class: 'unavailable',
    alerts: false,
    latches: false,
    meaning: 'the level lies beyond the levels that this site was granted',
    remedy: 'nothing where another site holds the lease; otherwise see why it was not extended',
  },
  beyond_horizon: {
    class: 'forbidden',
    alerts: true,
    latches: false,
    meaning: 'the chain cannot have reached this level yet; signing it would burn all levels below',
    remedy: 'look at the client that asks: no chain is there yet; and at the clock of this machine',
  },
  below_mark: {
    class: 'unsafe',
    alerts: false,
    latches: false,
    meaning: 'a later level or round was signed already, or may have been',
    remedy: 'nothing: a late request, or one after a reorganisation',
  },
  equivalent_vote_signed: {
    class: 'unsafe',
    alerts: false,
    latches: false,
    meaning:
      'a vote for the same payload was permitted with another slot or DAL content; it counts the same, and its bytes may be asked for again where its signature is not stored yet',
    remedy: 'nothing: inject the vote that the answer brings',
  },
  conflicting_vote: {
    class: 'unsafe',
    alerts: true,
    latches: false,
    meaning:
      'another payload or branch was signed at this level and round: two votes would be slashed',
    remedy: 'look at once: two programs vote with this key, and they disagree',
  },
  conflicting_block: {
    class: 'unsafe',
    alerts: true,
    latches: false,
    meaning: 'another block was signed at this level and round: two blocks would be slashed',
    remedy: 'look at once: two programs bake with this key',
  },
  /**
   * Identical requests that are in flight together are one request to the store: the signer sees to that. So this is
   * a block whose signature was lost, never one that is being signed.
   */
  block_spent: {
    class: 'unsafe',
    alerts: true,
    latches: false,
    meaning:
      'this block was given to the vault before and its signature was not stored; it stays unsigned',
    remedy: 'nothing: this round is lost; see why the vault or the signer failed',
  },
} as const satisfies Record<string, RefusalFacts>;

/** The code of a refusal. */
export type RefusalCode = keyof typeof REFUSALS;

/** A refusal with what the asker may need: the mark that caused it, and a released equivalent vote. */
export type Refusal = {
  readonly code: RefusalCode;
  readonly mark?: Position & { readonly digest: string | null };
  readonly released?: { readonly bytes: string; readonly signature: string | null };
  /** The row that was looked at, for who keeps track of it; never for a client. */
  readonly row?: Row;
};
