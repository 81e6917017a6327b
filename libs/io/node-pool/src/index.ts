export { coldReads, type ColdReads } from './cold-reads.ts';
export {
  NODE_ERRORS,
  NodeError,
  STREAM_FAULTS,
  type NodeErrorCode,
  type StreamFaultCode,
} from './errors.ts';
export {
  followNodes,
  type EdgeNode,
  type NodeMessage,
  type NodePoolOptions,
  type NodeWatch,
} from './follow.ts';
export { INJECTION_CLASSES, type InjectionClass } from './injection-outcome.ts';
export { INJECTION_PATH, WARMING_PATH } from './injector.ts';
export { DEFAULT_LIMITS, type PoolLimits } from './limits.ts';
export {
  openNodePool,
  type Acceptance,
  type HandOver,
  type Injection,
  type NodePool,
  type Receipt,
} from './node-pool.ts';
export { CLOSE_REASONS, type CloseReason } from './node-stream.ts';
export { STREAMS, type StreamItem, type StreamName } from './streams.ts';
export type { RequestLimits } from './undici-backend.ts';
