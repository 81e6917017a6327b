import { shown, TezosError } from './errors.ts';
import { fromHex, toHex } from './hex.ts';
import { level, round, type Level, type Round } from './numbers.ts';

/** What a Tenderbake block claims about itself and its past, in the order in which chains are compared. */
export type Fitness = {
  readonly level: Level;
  /** The round at which the payload was last seen with a prequorum; null when it never was. */
  readonly lockedRound: Round | null;
  readonly predecessorRound: Round;
  readonly round: Round;
};

/** Fitness as headers carry it: byte strings in hexadecimal. */
export type RawFitness = readonly string[];

const VERSION = '02';

/**
 * Reads a Tenderbake fitness. Source: fitness_repr.ml.
 * @throws TezosError `unknown_kind` for another version or shape, `out_of_range`
 */
export function readFitness(raw: RawFitness): Fitness {
  const [version, levelText, locked, predecessor, roundText] = raw;
  if (raw.length !== 5 || version !== VERSION) {
    throw new TezosError('unknown_kind', `${shown(raw.join(' '))} is no Tenderbake fitness`);
  }
  const fitness = {
    level: level(int32(levelText)),
    lockedRound: locked === '' ? null : round(int32(locked)),
    predecessorRound: round(-1 - int32(predecessor)),
    round: round(int32(roundText)),
  };
  checkLock(fitness);
  return fitness;
}

/**
 * The byte strings of a fitness.
 * @throws TezosError `out_of_range` when the locked round is not below the round
 */
export function writeFitness(fitness: Fitness): RawFitness {
  checkLock(fitness);
  return [
    VERSION,
    hexOfInt32(fitness.level),
    fitness.lockedRound === null ? '' : hexOfInt32(fitness.lockedRound),
    hexOfInt32(-1 - fitness.predecessorRound),
    hexOfInt32(fitness.round),
  ];
}

/**
 * Which of two fitnesses a node prefers: negative when it is `right`, positive when it is `left`.
 * A longer list wins, then a longer byte string, then the greater one. Source: src/lib_base/fitness.ml.
 */
export function compareFitness(left: RawFitness, right: RawFitness): number {
  if (left.length !== right.length) return left.length - right.length;
  for (const [at, text] of left.entries()) {
    const [one, other] = [text.toLowerCase(), (right[at] ?? '').toLowerCase()];
    if (one.length !== other.length) return one.length - other.length;
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

function checkLock({ lockedRound, round }: Fitness): void {
  if (lockedRound !== null && lockedRound >= round) {
    const rounds = `locked round ${lockedRound.toString()}, round ${round.toString()}`;
    throw new TezosError('out_of_range', `a locked round lies below its round (${rounds})`);
  }
}

function int32(text: string | undefined): number {
  const bytes = fromHex(text ?? '');
  if (bytes.length !== 4) throw new TezosError('unknown_kind', 'a fitness number has four bytes');
  return new DataView(bytes.buffer).getInt32(0);
}

function hexOfInt32(value: number): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return toHex(bytes);
}
