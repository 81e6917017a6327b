import type { RequestLimits } from './undici-backend.ts';

/** What following and opening streams may cost; each stream has a connection of its own. */
export type StreamLimits = {
  /** For a connection, its TLS handshake included. */
  readonly connectTimeoutMs: number;
  /** From the request to the headers of the answer; after them a stream may be silent for as long as it likes. */
  readonly headersTimeoutMs: number;
  readonly lineBytesMax: number;
  /** The pause after a stream that lasted shorter than this and was ended in order; none after a longer one. */
  readonly reopenPauseMsMin: number;
  /** A stream that was open for so long counts as sound again, however often it failed before. */
  readonly steadyMs: number;
  /** The longest pause after a first failure; it doubles with each further one. */
  readonly retryMsMax: number;
  /** The longest pause after any number of failures. */
  readonly backoffMsMax: number;
  /** The pause after an answer that says that this node does not give this stream. */
  readonly refusedPauseMs: number;
};

/** What injecting operations may cost at each node. */
export type InjectionLimits = {
  /** For a connection, its TLS handshake included. */
  readonly connectTimeoutMs: number;
  /** From the call to the answer of a node, for each try. */
  readonly injectTimeoutMs: number;
  /** Injections under way at once; each has a connection of its own, so none waits behind another. */
  readonly injectConnectionsMax: number;
  /** Injections that wait for a connection; one more, and the oldest is given up. */
  readonly injectQueuedMax: number;
  /** Copies of operations that go out, behind the first ones, before new operations are heard of. */
  readonly copiesATurn: number;
  /** The pause before a node that is behind is asked again; it doubles each time up to the other bound. */
  readonly againMsMin: number;
  readonly againMsMax: number;
  readonly answerBytesMax: number;
  /** How long a connection is kept while nothing is injected. */
  readonly idleMsMax: number;
  /** How often a node that has nothing to do is asked for its version, so that a vote finds a connection. */
  readonly warmMs: number;
};

/** All limits of a pool; `reads` are those of the cold reads. */
export type PoolLimits = StreamLimits &
  InjectionLimits & { readonly reads: Partial<RequestLimits> };

/**
 * Limits that suit mainnet. A first mempool array is some hundred kilobytes; 500 keys that vote on one block
 * inject 500 operations at once; a vote that is not in after five seconds comes too late for its round.
 */
export const DEFAULT_LIMITS: PoolLimits = {
  connectTimeoutMs: 3_000,
  headersTimeoutMs: 10_000,
  lineBytesMax: 8 * 1024 * 1024,
  reopenPauseMsMin: 100,
  steadyMs: 500,
  retryMsMax: 100,
  backoffMsMax: 2_000,
  refusedPauseMs: 30_000,
  injectTimeoutMs: 5_000,
  injectConnectionsMax: 64,
  injectQueuedMax: 1_024,
  copiesATurn: 16,
  againMsMin: 100,
  againMsMax: 800,
  answerBytesMax: 64 * 1024,
  idleMsMax: 60_000,
  warmMs: 15_000,
  reads: {},
};
