/** What became of a simulation. */
export type SimulationResult = {
  readonly levels: number;
  readonly rights: number;
  readonly attested: number;
  readonly missed: number;
  /** The first levels at which a right was missed. */
  readonly missedLevels: readonly number[];
  readonly missedReasons: Readonly<Record<string, number>>;
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
