import { assert } from '@meridian/prelude';
import type { PublicKeyHash } from '@meridian/tezos';
import type { ChainOptions } from './contract.ts';

/** A number that a trouble takes. */
export type Parameter = {
  readonly means: string;
  readonly min: number;
  readonly max: number;
  /** What it is when nobody says; without one it has to be said. */
  readonly otherwise?: number;
};

/** What a trouble is called by people, what it does, and the numbers that it takes, in the order of a command line. */
export type TroubleRow = {
  readonly word: string;
  readonly means: string;
  readonly takes: Readonly<Record<string, Parameter>>;
};

const ROUNDS: Parameter = {
  means: 'of how many rounds, from the first',
  min: 1,
  max: 16,
  otherwise: 1,
};
const GUEST: Parameter = { means: 'which guest, from 1', min: 1, max: 2_000 };

/** All trouble that there can be at a level. */
export const TROUBLES = {
  missed_rounds: {
    word: 'missed-round',
    means: 'the owners of the first rounds make no block',
    takes: { rounds: ROUNDS },
  },
  late_block: {
    word: 'late-block',
    means: 'the block of round 0 comes late; it counts for nothing after one of a later round',
    takes: { ms: { means: 'milliseconds', min: 1, max: 600_000 } },
  },
  no_prequorum: {
    word: 'no-prequorum',
    means: 'robots hold their preattestations back: a new payload is proposed in the next round',
    takes: { rounds: ROUNDS },
  },
  no_quorum: {
    word: 'no-quorum',
    means:
      'a prequorum, but no quorum in round 0: its payload is proposed again, with the prequorum',
    takes: {},
  },
  left_out: {
    word: 'left-out',
    means: 'the block is made without the vote of a guest for the block before',
    takes: { guest: GUEST },
  },
  forbidden: {
    word: 'forbidden',
    means: 'a guest may not vote while the head is at the level or at one of those after it',
    takes: {
      guest: GUEST,
      levels: { means: 'for how many levels', min: 1, max: 2 ** 31 - 1, otherwise: 1 },
    },
  },
  double_block: {
    word: 'double-block',
    means: 'the owner of round 0 signs two blocks',
    takes: {},
  },
  /** The first quorum had gone unnoticed, a later round was elected and built on; then a block on the first one comes. */
  reorganisation: {
    word: 'reorg',
    means: 'the predecessor is replaced by a fitter one after a block on it was seen',
    takes: {},
  },
} as const satisfies Readonly<Record<string, TroubleRow>>;

/** The name of a trouble. */
export type TroubleKind = keyof typeof TROUBLES;

type TroubleOf<Kind extends TroubleKind> = {
  readonly level: number;
  readonly kind: Kind;
} & { readonly [Name in keyof (typeof TROUBLES)[Kind]['takes']]: number };

/** Trouble at one level, with its numbers. */
export type Trouble = { [Kind in TroubleKind]: TroubleOf<Kind> }[TroubleKind];

/** The trouble of one kind at a level. */
export function troubleAt<Kind extends TroubleKind>(
  { script }: Pick<ChainOptions, 'script'>,
  level: number,
  kind: Kind,
): Extract<Trouble, { kind: Kind }> | undefined {
  return script.find(
    (each): each is Extract<Trouble, { kind: Kind }> => each.level === level && each.kind === kind,
  );
}

/** Refuses trouble with a guest that is not there. */
export function checkTroubles({ script, guests }: Pick<ChainOptions, 'script' | 'guests'>): void {
  for (const [at, trouble] of script.entries()) {
    const isThere = !('guest' in trouble) || guests[trouble.guest - 1] !== undefined;
    assert(isThere, `script[${at.toString()}].guest: there are ${guests.length.toString()} guests`);
  }
}

/** Whether the context of a block at a level forbids a delegate to vote. */
export function isForbiddenAt(
  { script, guests }: Pick<ChainOptions, 'script' | 'guests'>,
  delegate: PublicKeyHash,
  level: number,
): boolean {
  return script.some(
    each =>
      each.kind === 'forbidden' &&
      guests[each.guest - 1]?.delegate === delegate &&
      each.level <= level &&
      level < each.level + each.levels,
  );
}
