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
  /** Releases that this signer saw and was not told of: the generation of each kind. */
  readonly #untold = new Map<string, Map<Kind, number>>();

  of(key: KeyOfRows): Refusal | undefined {
    return this.#doubts.get(nameOf(key))?.refusal;
  }

  /**
   * Remembers a refusal that is about the store rather than about the request, and which generation of the row it
   * was about: that one, and any before, is never trusted again. The first reason stays: the latch that follows is a
   * change of its own, and what a doubted row looks like after it says nothing of what happened.
   * @param known what the store was held against
   * @param stored the row that it had, where one was seen
   */
  note(known: Incarnate, refusal: Refusal, stored: Incarnate | undefined = refusal.row): void {
    const name = nameOf(known);
    const doubt = this.#doubts.get(name);
    const highest = Math.max(known.generation, stored?.generation ?? 0);
    if (REFUSALS[refusal.code].latches) {
      const seen = raised(doubt?.seen ?? this.#untold.get(name), known.kind, highest);
      this.#doubts.set(name, { refusal: doubt?.refusal ?? { code: refusal.code }, seen });
    } else if (highest > known.generation)
      this.#untold.set(name, raised(this.#untold.get(name), known.kind, highest));
  }

  /**
   * An operator has taught the signer rows of a key, maybe in steps. The doubt ends once what is known of every kind
   * that was in doubt is of a later generation than any that was seen of it then, and all that is known of the key is
   * of that one release: the store fell back as a whole, so no other row is trusted for being there, or for being new.
   * @param rows all that the signer knows of the key now
   */
  trust(rows: readonly Row[]): void {
    const [first] = rows;
    if (first === undefined) return;
    const name = nameOf(first);
    const untold = this.#untold.get(name);
    for (const { kind, generation } of rows)
      if (generation >= (untold?.get(kind) ?? 0)) untold?.delete(kind);
    const now = new Map(rows.map(({ kind, generation }) => [kind, generation]));
    const seen = [...(this.#doubts.get(name)?.seen ?? [])];
    const isLater = seen.every(([kind, highest]) => (now.get(kind) ?? 0) > highest);
    const isOneRelease = rows.every(({ incarnation }) => incarnation === first.incarnation);
    if (isLater && isOneRelease) this.#doubts.delete(name);
  }

  /** This signer itself has released all rows of a key, above all that can have been signed. */
  end(key: KeyOfRows): void {
    this.#doubts.delete(nameOf(key));
  }

  /** How many keys are stopped. */
  count(): number {
    return this.#doubts.size;
  }
}

type Incarnate = RowKey & Pick<Row, 'generation'>;

type Doubt = {
  readonly refusal: Refusal;
  /** The highest generation of each kind that was seen when it was noted. */
  readonly seen: ReadonlyMap<Kind, number>;
};

function raised(
  seen: ReadonlyMap<Kind, number> | undefined,
  kind: Kind,
  to: number,
): Map<Kind, number> {
  return new Map([...(seen ?? []), [kind, Math.max(seen?.get(kind) ?? 0, to)]]);
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
