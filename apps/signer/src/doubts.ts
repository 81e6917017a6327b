import { REFUSALS, type Refusal } from '@meridian/watermark';
import type { KeyOfRows } from '@meridian/watermark/administration';

/**
 * Keys whose rows were found to be something else than this process knew. Their rows are latched in the store; where
 * none is left to latch, this alone stops the key, until an operator teaches the signer its rows anew (rule 8).
 */
export class Doubts {
  readonly #refusals = new Map<string, Refusal>();

  of(key: KeyOfRows): Refusal | undefined {
    return this.#refusals.get(nameOf(key));
  }

  /** Remembers a refusal that is about the store rather than about the request. */
  note(key: KeyOfRows, refusal: Refusal): void {
    if (REFUSALS[refusal.code].latches) this.#refusals.set(nameOf(key), { code: refusal.code });
  }

  /** An operator has acted. */
  clear(key: KeyOfRows): void {
    this.#refusals.delete(nameOf(key));
  }
}

function nameOf({ chainId, pkh }: KeyOfRows): string {
  return `${chainId}/${pkh}`;
}
