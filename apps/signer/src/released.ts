import type { Signature } from '@meridian/tezos';

/** Signatures that are remembered; the votes of 500 keys on eight levels. */
const RELEASED_SIGNATURES_MAX = 8_192;

/**
 * The signatures that left last. Handing one out again for the same bytes is no decision (rule 7), so it asks nobody.
 */
export class ReleasedSignatures {
  readonly #byName = new Map<string, Signature>();

  get(name: string): Signature | undefined {
    return this.#byName.get(name);
  }

  add(name: string, signature: Signature): void {
    this.#byName.set(name, signature);
    if (this.#byName.size <= RELEASED_SIGNATURES_MAX) return;
    const [oldest] = this.#byName.keys();
    if (oldest !== undefined) this.#byName.delete(oldest);
  }
}
