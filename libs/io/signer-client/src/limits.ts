/** What a signature may cost. */
export type SignerLimits = {
  /** One signer's time to answer, before the next one is asked for the same bytes. */
  readonly timeoutMs: number;
  /** All signers' time together, from when the signature was due. */
  readonly deadlineMs: number;
  /** Pause before a signer in passing trouble is asked once more; it doubles each time. */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
  /** Pause before a signer that may not sign is asked once more: a take-over may have let it meanwhile. */
  readonly lastingPauseMs: number;
  readonly bodyBytesMax: number;
  /** Requests under way at the same time, each on a connection of its own; further ones wait their turn. */
  readonly connectionsMax: number;
  /** Requests that wait their turn; one more is not made at all. */
  readonly waitingMax: number;
};

/** Limits that suit a signer in the same region and blocks of some seconds. */
export const DEFAULT_LIMITS: SignerLimits = {
  timeoutMs: 500,
  deadlineMs: 3_000,
  pauseMs: 20,
  pauseMsMax: 160,
  lastingPauseMs: 500,
  bodyBytesMax: 256 * 1024,
  connectionsMax: 64,
  waitingMax: 4_096,
};
