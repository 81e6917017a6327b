import { seededRandom } from '@meridian/prelude';

/** How often something is struck. */
export type Often = {
  /** The first so many only; 1 by default, without bound where there is a chance. */
  readonly next?: number;
  /** Of each, from 0 to 1; drawn from the seed of the proxy. */
  readonly chance?: number;
};

/** What became of a fault that was asked for. */
export type Strikes = {
  readonly count: () => number;
  /** Nothing more is struck. */
  readonly end: () => void;
};

/** Draws whether the next one is struck, for each fault that was asked for, the first one first. */
export type Dice<Fault> = {
  readonly add: (fault: Fault, often: Often) => Strikes;
  readonly draw: (fits: (fault: Fault) => boolean) => Fault | undefined;
  readonly clear: () => void;
};

const PARTS = 1_000_000;

export function dice<Fault>(seed: number): Dice<Fault> {
  const random = seededRandom(seed);
  let entries: { fault: Fault; left: number; chance: number; count: number }[] = [];
  return {
    add: (fault, { chance, next = chance === undefined ? 1 : Infinity }) => {
      const entry = { fault, left: next, chance: chance ?? 1, count: 0 };
      entries.push(entry);
      return { count: () => entry.count, end: () => (entry.left = 0) };
    },
    draw: fits => {
      const entry = entries.find(
        one => one.left > 0 && fits(one.fault) && random.whole(PARTS) < one.chance * PARTS,
      );
      if (entry === undefined) return undefined;
      entry.left -= 1;
      entry.count += 1;
      return entry.fault;
    },
    clear: () => {
      for (const entry of entries) entry.left = 0;
      entries = [];
    },
  };
}
