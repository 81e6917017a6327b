import type { Right } from '@meridian/attribution';
import type { LevelFacts } from '@meridian/tenderbake';
import type { BlockHash, PublicKeyHash } from '@meridian/tezos';

/** What became of the last own rights, and what is known of the chain for their budget. */
export type Ledger = {
  readonly note: (right: Right) => void;
  readonly facts: (facts: LevelFacts) => void;
  /** A block has two others built on it. */
  readonly settled: (hash: BlockHash) => void;
  /** The rights of a delegate at the last levels, oldest first; undefined where it has none here. */
  readonly rights: (delegate: PublicKeyHash, levels: number) => readonly Right[] | undefined;
  readonly delegates: () => readonly PublicKeyHash[];
  readonly settledBlock: () => BlockHash | undefined;
  /** The power of all rights at the latest level whose rights are known. */
  readonly totalPower: () => number;
};

/** The most levels that are remembered of a delegate. */
export const LEVELS_MAX = 1_000;
/** The most rights that are remembered of all delegates: some tens of megabytes. */
const RIGHTS_MAX = 100_000;

/** A ledger without entries. */
export function newLedger(): Ledger {
  const rights = new Map<PublicKeyHash, Right[]>();
  let settled: BlockHash | undefined;
  let power = 0;
  const open = (delegate: PublicKeyHash): Right[] => {
    const known = rights.get(delegate) ?? [];
    rights.set(delegate, known);
    return known;
  };
  return {
    note: right => {
      const of = open(right.delegate);
      of.push(right);
      const max = Math.min(LEVELS_MAX, Math.floor(RIGHTS_MAX / rights.size));
      of.splice(0, of.length - max);
    },
    facts: ({ own, seats }) => {
      for (const { delegate } of own) open(delegate);
      power = [...seats.values()].reduce((sum, seat) => sum + seat.power, 0);
    },
    settled: hash => {
      settled = hash;
    },
    rights: (delegate, levels) => rights.get(delegate)?.slice(-levels),
    delegates: () => [...rights.keys()],
    settledBlock: () => settled,
    totalPower: () => power,
  };
}
