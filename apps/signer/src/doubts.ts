import { ok } from '@meridian/prelude';
import { continuationRefusal, REFUSALS, type Refusal, type Row } from '@meridian/watermark';
import { latchKey, type KeyOfRows } from '@meridian/watermark/administration';
import type { WatermarkStore } from '@meridian/watermark-store';

/**
 * Keys whose rows were found to be something else than this process knew. Their rows are latched in the store; where
 * none is left to latch, this alone stops the key, until an operator teaches the signer its rows anew (rule 8).
 */
export class Doubts {
  readonly #refusals = new Map<string, Refusal>();

  of(key: KeyOfRows): Refusal | undefined {
    return this.#refusals.get(nameOf(key));
  }

  /**
   * Remembers a refusal that is about the store rather than about the request. The first reason stays: the latch that
   * follows is a change of its own, and what a doubted row looks like after it says nothing of what happened.
   */
  note(key: KeyOfRows, refusal: Refusal): void {
    const isFirst = this.of(key) === undefined;
    if (REFUSALS[refusal.code].latches && isFirst)
      this.#refusals.set(nameOf(key), { code: refusal.code });
  }

  /** An operator has acted. */
  clear(key: KeyOfRows): void {
    this.#refusals.delete(nameOf(key));
  }

  /** How many keys are stopped. */
  count(): number {
    return this.#refusals.size;
  }
}

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
