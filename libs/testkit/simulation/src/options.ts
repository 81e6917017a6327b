import type { Ailment } from './ailments.ts';

/** What can go wrong; the keys are what `--faults` takes. */
export const FAULTS = {
  'missed-rounds': 'the owner of a round makes no block',
  'no-quorum': 'a prequorum without a quorum: the payload is proposed again',
  reorgs: 'a predecessor is replaced after a block on it was seen',
  silent: 'nodes say and take nothing for a third of the time, four of five for ten levels',
  lying:
    'up to two of five nodes tell of forged blocks, votes and rights, and lose what they are given',
  lost: 'one item of a stream in twenty is lost, while most nodes are there',
  duplicated: 'one message in ten comes twice',
  reordered: 'one message in ten comes late, after others',
  'endorser-restarts': 'the endorser forgets all that it knows in the middle of a level',
  'signer-restarts': 'the signer dies before, at and after the write of its store',
  'rogue-requests': 'somebody asks the signer for other votes where it has signed',
} as const;

/** The name of a fault. */
export type Fault = keyof typeof FAULTS;

/** How many nodes the endorser has. */
export const NODES = 5;

/** The curves that a key can be of. */
export const CURVES = ['tz1', 'tz2', 'tz3', 'tz4'] as const;

/** A curve, by its address. */
export type Curve = (typeof CURVES)[number];

/** What is simulated; everything else follows from it. */
export type Simulation = {
  readonly seed: number;
  readonly levels: number;
  /** The number of a protocol, such as 025. */
  readonly protocol: string;
  /** How many keys vote, and the curves that they are of in turn. */
  readonly keys: number;
  readonly curves: readonly Curve[];
  readonly faults: ReadonlySet<Fault>;
  /** What nodes suffer from, besides what the faults bring. */
  readonly spells?: readonly Spell[];
};

/** What one node, counted from 1, suffers from: it begins in the level `from` and is over in the level `to`. */
export type Spell = {
  readonly node: number;
  readonly from: number;
  readonly to: number;
  readonly ailment: Ailment;
};
