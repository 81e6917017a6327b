export { configurationKeys, readConfiguration } from './configuration.ts';
export type { ConfigurationKey, ConfigurationSource } from './configuration.ts';
export { runDaemon, type Daemon, type DaemonWorld } from './daemon.ts';
export { fieldsOf, openLog, type Log } from './log.ts';
export { openMetrics, type MetricRow, type Metrics } from './metrics.ts';
export {
  listen,
  serveOperations,
  type Check,
  type Listening,
  type OperationsAnswer,
  type OperationsParts,
} from './operations.ts';
export { httpUrl, listenAddress, logLevel, z } from './types.ts';
