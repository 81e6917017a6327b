import { ok } from '@meridian/prelude';
import { continuationRefusal, REFUSALS } from '@meridian/watermark';
import type { Kind, Refusal, Row, RowKey } from '@meridian/watermark';
import { latchKey, type KeyOfRows } from '@meridian/watermark/administration';
import type { WatermarkStore } from '@meridian/watermark-store';

/**
 * Keys whose rows were found to be something else than this process knew. Their rows are latched in the store; where
 * none is left to latch, this alone stops the key, until an operator teaches the signer its rows anew (rule 8).
 */
export class Doubts {
  readonly #doubts = new Map<string, Doubt>();

  of(key: KeyOfRows): Refusal | undefined {
    return this.#doubts.get(nameOf(key))?.refusal;
  }

  /**
   * Remembers a refusal that is about the store rather than about the request. The first reason stays: the latch that
   * follows is a change of its own, and what a doubted row looks like after it says nothing of what happened.
   */
  note(row: RowKey, { code }: Refusal): void {
    if (!REFUSALS[code].latches) return;
    const doubt = this.#doubts.get(nameOf(row));
    if (doubt === undefined)
      this.#doubts.set(nameOf(row), { refusal: { code }, trusted: new Set() });
    // One that was released meanwhile is in doubt anew.
    else doubt.trusted.delete(row.kind);
  }

  /**
   * An operator has taught the signer rows of a key that are above all that was in doubt. That may come in steps: the
   * doubt ends when none is left of the kinds of the key that the signer knows.
   */
  trust(key: KeyOfRows, kinds: readonly Kind[], known: readonly Kind[]): void {
    const trusted = this.#doubts.get(nameOf(key))?.trusted;
    for (const kind of kinds) trusted?.add(kind);
    if (known.every(kind => trusted?.has(kind))) this.#doubts.delete(nameOf(key));
  }

  /** How many keys are stopped. */
  count(): number {
    return this.#doubts.size;
  }
}

type Doubt = {
  readonly refusal: Refusal;
  /** The kinds whose rows were taught anew since. */
  readonly trusted: Set<Kind>;
};

function nameOf({ chainId, pkh }: KeyOfRows): string {
  return `${chainId}/${pkh}`;
}

/**
 * Stops a key one of whose rows did not continue what was known of it. The rows are looked at once more in the
 * transaction that latches them: an operator may have acted since.
 * @throws StoreError
 */
export async function latchDoubted(store: WatermarkStore, known: Row): Promise<void> {
  await store.administer(known, rows => {
    const stored = rows.find(({ kind }) => kind === known.kind);
    const refusal = continuationRefusal(known, stored);
    const isDoubted = refusal !== undefined && REFUSALS[refusal.code].latches;
    return ok(isDoubted && rows.length > 0 ? latchKey(rows) : rows);
  });
}
