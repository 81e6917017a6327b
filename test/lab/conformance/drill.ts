/** The variable that tells the drilled signer what fails. */
export const DRILL = 'MERIDIAN_DRILL';

/** What fails in a drilled signer. */
export type Drill = {
  /** How many times the vault gives an error in the place of a signature. */
  readonly vaultErrors?: number;
  /** The vault signs so long after the process was told to end, and not before. */
  readonly vaultWaitsForEndMs?: number;
  /** How many permissions of the store are made durable and answered by an error. */
  readonly answersLost?: number;
  /** Where the process ends by SIGKILL. */
  readonly haltAt?: string;
  /** In the place of `haltAt`: a file that names the point, while there is one; so a process dies only once it is told to. */
  readonly haltFile?: string;
  /** A file that gets a line for each call of the vault, by every process: `PKH HEX`. */
  readonly vaultCalls?: string;
};
