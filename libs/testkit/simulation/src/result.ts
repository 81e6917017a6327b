import type { Added } from './truth.ts';

/** What became of a simulation. */
export type SimulationResult = {
  readonly levels: number;
  readonly rights: number;
  readonly attested: number;
  readonly missed: number;
  /** Rights whose attestation reached the chain, in time or not. */
  readonly published: number;
  /** The first levels at which a right was missed. */
  readonly missedLevels: readonly number[];
  readonly missedReasons: Readonly<Record<string, number>>;
  /** Signed votes for what is not on the chain, or from another seat. */
  readonly wrongVotes: number;
  /** How much later votes were handed over than the first healthy node to bring what they need would allow. */
  readonly addedDelayMs: Added;
  /** How copies of votes ended at nodes; `known_later`: the node was behind at first. */
  readonly receipts: Readonly<Record<string, number>>;
  /** What the chain's own rule punishes. */
  readonly doubleSigns: number;
  readonly refusals: Readonly<Record<string, number>>;
  /** Rights in blocks of a round after the first. */
  readonly laterRounds: number;
  readonly reorganisations: number;
  readonly signerDeaths: number;
  readonly endorserRestarts: number;
  /** Requests for another vote at a signed place that were refused. */
  readonly rogueRefusals: number;
  /** Different places at which something was signed. */
  readonly signatures: number;
  /** The promise that did not hold; null when all did. */
  readonly broken: string | null;
};
