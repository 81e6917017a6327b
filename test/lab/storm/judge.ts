import type { Key } from '../conformance/case-file.ts';
import { Released, type Release } from '../conformance/released.ts';
import { subjectOf } from '../conformance/subject.ts';

/** Two payloads of one place, both of them signed. */
export type Conflict = {
  readonly place: string;
  readonly one: string;
  readonly other: string;
};

/**
 * Whether the signatures that left were right, all of a storm together and whoever gave them. It reads their bytes by
 * offsets and shares nothing with the signers; the oracle of the conformance cases judges beside it.
 */
export class Judge {
  readonly #released = new Released();
  /** The same bytes with the same signature are one. */
  readonly #seen = new Set<string>();
  readonly #places = new Map<string, string>();
  readonly #conflicts: Conflict[] = [];

  add(release: Release): void {
    const hex = release.bytes.toString('hex');
    const name = `${release.pkh} ${hex} ${release.signature}`;
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    this.#released.add(release);
    const subject = subjectOf(release.bytes);
    if (subject === undefined) return;
    const { chainId, kind, level, round } = subject;
    const place = `${kind} of ${release.pkh} on ${chainId} at level ${level}, round ${round}`;
    const first = this.#places.get(place);
    if (first === undefined) this.#places.set(place, hex);
    else if (first !== hex) this.#conflicts.push({ place, one: first, other: hex });
  }

  /** Signatures that differ in key, bytes or themselves. */
  get signatures(): number {
    return this.#released.count;
  }

  /** Places at which something was signed. */
  get places(): number {
    return this.#places.size;
  }

  get conflicts(): readonly Conflict[] {
    return this.#conflicts;
  }

  /** What is wrong, in words; each signature is verified for it. */
  problems(keys: readonly Key[]): readonly string[] {
    const told = this.#released.problems(keys);
    const untold = this.#conflicts.filter(({ place }) => !told.some(one => one.includes(place)));
    return [...told, ...untold.map(({ place }) => `two payloads were signed: ${place}`)];
  }
}
