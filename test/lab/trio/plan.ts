import { seededRandom, type Random } from '@meridian/prelude';

/** What a run of three endorsers is asked to be. */
export type Wanted = { readonly levels: number; readonly seed: number };

/** The node that lies, and the one that nobody reaches; three of five are left, which is a quorum. */
export const LIAR = 'node2';
export const FAULTS = [`${LIAR}=lying`, 'node4=refuse'] as const;

const TROUBLES = [
  { trouble: 'missed-round', rounds: 1 },
  { trouble: 'missed-round', rounds: 2 },
  { trouble: 'late-block', ms: 300 },
  { trouble: 'no-quorum' },
  { trouble: 'no-prequorum' },
  { trouble: 'reorg' },
] as const;
const FIRST_TROUBLE = 3;
const [APART_MIN, APART_MORE] = [3, 5];

/** Trouble of the chain every few levels, as a scenario of the sandbox has it. */
export function troublesOf({ levels, seed }: Wanted): readonly object[] {
  const random = seededRandom(seed);
  const troubles: object[] = [];
  let level = FIRST_TROUBLE;
  while (level <= levels) {
    troubles.push({ level, ...random.pick(TROUBLES) });
    level += APART_MIN + random.whole(APART_MORE);
  }
  return troubles;
}

/** One time in so many, two endorsers are killed at once. */
const TWO_IN = 3;

/**
 * Who is killed next: one or two, running or just starting, of which at least one other is up.
 * @param up those that have voted since they were started
 */
export function victimsOf(
  random: Random,
  all: readonly string[],
  up: ReadonlySet<string>,
): readonly string[] {
  const wanted = random.whole(TWO_IN) === 0 ? 2 : 1;
  const first = random.whole(all.length);
  const victims = Array.from({ length: wanted }, (_, at) => all[(first + at) % all.length] ?? '');
  const left = [...up].filter(name => !victims.includes(name));
  return left.length === 0 ? [] : victims;
}

const [PAUSE_MIN_MS, PAUSE_MORE_MS] = [300, 2_500];

/** How long nobody is killed, in milliseconds. */
export function pauseOf(random: Random): number {
  return PAUSE_MIN_MS + random.whole(PAUSE_MORE_MS);
}
