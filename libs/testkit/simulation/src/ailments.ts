/** What a node can suffer from. */
export const AILMENTS = {
  refuse: 'nobody listens: streams break, everything else fails at once',
  blackhole: 'nothing comes through: streams fall silent without an end, everything else times out',
  stale: 'it hears of nothing new, answers from what it knows, and loses what it is given',
  slow: 'everything comes late',
  cut: 'streams break again and again',
  behind: 'it hears of everything some blocks late, and takes votes only then',
  clock: 'its clock is slow: votes are of the far future to it until it gets there',
  lying:
    'it tells of forged blocks, votes and rights, the same as every liar, and loses what it is given',
} as const;

/** The name of an ailment. */
export type AilmentKind = keyof typeof AILMENTS;

/** An ailment with how bad it is. */
export type Ailment =
  | { readonly kind: 'refuse' | 'blackhole' | 'stale' | 'lying' }
  | { readonly kind: 'slow'; readonly lateMs: number }
  | { readonly kind: 'cut'; readonly everyMs: number }
  | { readonly kind: 'behind'; readonly blocks: number }
  | { readonly kind: 'clock'; readonly slowMs: number };
