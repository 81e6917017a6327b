import type { Clock, Result } from '@meridian/prelude';
import type { ChainId, PublicKey, PublicKeyHash } from '@meridian/tezos';
import { continuationRefusal, type Row } from '@meridian/watermark';
import type { AdministrationRefusal, KeyOfRows } from '@meridian/watermark/administration';
import { StoreError, type Journal, type WatermarkStore } from '@meridian/watermark-store';
import type { Audit } from '../audit.ts';
import type { Doubts } from '../doubts.ts';
import { AdminError } from './errors.ts';
import type { Identity } from './identity.ts';

/** What a signer knows of its rows outside the store; durable when a call returns. */
export type AdminJournal = Pick<
  Journal,
  'known' | 'rows' | 'horizon' | 'setHorizon' | 'note' | 'learn'
>;

/** A store that is open, with the journal that bears witness to it. */
export type OpenStore = {
  readonly store: WatermarkStore;
  readonly journal: AdminJournal;
  /** Whether other signers use the store, too. */
  readonly isShared?: boolean;
};

/** What administration works on. */
export type Desk = {
  readonly site: string;
  readonly chains: readonly ChainId[];
  readonly keys: () => readonly PublicKeyHash[];
  /** Undefined while the store is not held. */
  readonly open: () => OpenStore | undefined;
  /** What the site calls its store, for exports. */
  readonly storeName: string | null;
  /** The tz1 key of the site, which signs exports. */
  readonly identity: Identity | undefined;
  /** Whose exports are taken. */
  readonly trusted: readonly { readonly site: string; readonly publicKey: PublicKey }[];
  /** Who may break the glass, two at a time. */
  readonly operators: readonly { readonly name: string; readonly publicKey: PublicKey }[];
  readonly now: Clock;
  /** A name that nothing had before: an incarnation. */
  readonly mint: () => string;
  /** What the signer beside it doubts: rows that it is taught, or releases, may end that (rule 8). */
  readonly doubts: Pick<Doubts, 'trust' | 'end'>;
  /** Writes a line, and one for each of `keys`, that are durable when this returns. */
  readonly audit: Audit['record'];
};

/** @throws AdminError `store_unavailable` */
export function openStoreOf(desk: Desk): OpenStore {
  const open = desk.open();
  if (open === undefined) throw new AdminError('store_unavailable', 'another process holds it');
  return open;
}

/** The value of a change of rows. @throws AdminError with the code of its refusal */
export function granted<Value>(outcome: Result<Value, AdministrationRefusal>): Value {
  if (outcome.ok) return outcome.value;
  throw new AdminError(outcome.error);
}

/** Whether the rows of the store have to be what the journal knows (rule 8): all but ending a distrust asks for it. */
export type Trust = 'held_against_journal' | 'as_they_are';

/**
 * Changes a key in one transaction; `decide` throws an {@link AdminError} where it refuses, and nothing is written then.
 * Rows that this signer knows are held against the store in that very transaction, since a change of a row that fell
 * back would hide that it did.
 * @returns all rows of the key as they are afterwards
 */
export async function changeKey(
  { store, journal }: OpenStore,
  key: KeyOfRows,
  trust: Trust,
  decide: (rows: readonly Row[]) => readonly Row[],
): Promise<readonly Row[]> {
  let refusal: AdminError | undefined;
  const changed = await store
    .administer(key, rows => {
      try {
        refusal = undefined;
        if (trust === 'held_against_journal') assertTrusted(journal, key, rows);
        return { ok: true, value: decide(rows) };
      } catch (error) {
        if (!(error instanceof AdminError)) throw error;
        refusal = error;
        // Which one does not matter: what is told is the refusal itself.
        return { ok: false, error: 'wrong_mode' };
      }
    })
    .catch(asUnavailable);
  if (refusal !== undefined) throw refusal;
  return granted(changed);
}

/** What the journal knows of a key. */
export function knownOf(
  journal: Pick<AdminJournal, 'rows'>,
  { chainId, pkh }: KeyOfRows,
): readonly Row[] {
  return journal.rows().filter(row => row.chainId === chainId && row.pkh === pkh);
}

/** Tells the journal of rows that went on; what it does not know it does not learn this way (rule 5). */
export function noteKnown(journal: AdminJournal, rows: readonly Row[]): void {
  // Nor whose they are: another signer of the site may have been given the right meanwhile.
  const known = rows.filter(row => {
    const before = journal.known(row);
    return before?.epoch === row.epoch && before.generation === row.generation;
  });
  withJournal(() => journal.note(known));
}

/** Does something with the journal. @throws AdminError `store_unavailable` */
export function withJournal(act: () => void): void {
  try {
    act();
  } catch (error) {
    asUnavailable(error);
  }
}

/** A store that is broken is no mistake of the asker, nor of ours. */
export function asUnavailable(error: unknown): never {
  if (error instanceof StoreError && error.code !== 'mistake')
    throw new AdminError('store_unavailable', error.message);
  throw error;
}

/** @throws AdminError `untrusted_row` */
function assertTrusted(journal: AdminJournal, key: KeyOfRows, rows: readonly Row[]): void {
  for (const known of knownOf(journal, key)) {
    const stored = rows.find(({ kind }) => kind === known.kind);
    const refusal = continuationRefusal(known, stored);
    if (refusal !== undefined)
      throw new AdminError('untrusted_row', `${known.kind} of ${key.pkh}: ${refusal.code}`);
  }
}
