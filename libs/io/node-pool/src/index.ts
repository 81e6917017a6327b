export { coldReads, type ColdReads } from './cold-reads.ts';
export { NODE_ERRORS, NodeError, type NodeErrorCode } from './errors.ts';
export type { RequestLimits } from './undici-backend.ts';
