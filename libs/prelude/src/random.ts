import { assert } from './assert.ts';

/** Chance as a value: the same seed gives the same draws on every machine. Not for secrets. */
export type Random = {
  /** A whole number in [0, below). */
  readonly whole: (below: number) => number;
  /** `length` bytes. */
  readonly bytes: (length: number) => Uint8Array;
  /** An element of a list that is not empty. */
  readonly pick: <Item>(items: readonly Item[]) => Item;
};

/** A generator for simulations, tests and benchmarks: xoshiro128**, seeded through splitmix32. */
export function seededRandom(seed: number): Random {
  assert(Number.isInteger(seed), 'a seed is a whole number');
  const next = xoshiro128(seed);
  const whole = (below: number): number => {
    assert(Number.isInteger(below) && below > 0 && below <= 2 ** 32, 'a bound is in [1, 2^32]');
    // Draws that would make small values likelier are thrown away.
    const fair = 2 ** 32 - (2 ** 32 % below);
    let draw = next();
    while (draw >= fair) draw = next();
    return draw % below;
  };
  return {
    whole,
    bytes: length => Uint8Array.from({ length }, () => whole(256)),
    pick: items => {
      const item = items[whole(items.length)];
      assert(item !== undefined, 'a list to pick from holds no undefined element');
      return item;
    },
  };
}

/** Unsigned 32-bit draws of xoshiro128** (Blackman and Vigna). */
function xoshiro128(seed: number): () => number {
  const fill = splitmix32(seed);
  let [a, b, c, d] = [fill(), fill(), fill(), fill()];
  return () => {
    const draw = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return draw;
  };
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
