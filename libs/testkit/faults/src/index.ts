export { FAULTS_ERRORS, FaultsError, type FaultsErrorCode } from './errors.ts';
export { HALT_AT, haltPoints, withPoints, type Reached } from './process/points.ts';
export { startProcess, type End, type Process, type ProcessOptions } from './process/process.ts';
export type { StatementFault } from './proxy/postgres-wire.ts';
export { startProxy, type Proxy, type ProxyOptions, type Target } from './proxy/proxy.ts';
export type { Often, Strikes } from './proxy/strikes.ts';
