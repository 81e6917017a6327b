/** Tables of keys and how they are read, for who is no daemon: nothing of servers, logs or metrics is loaded. */
export { configurationKeys, readConfiguration } from './configuration.ts';
export type { ConfigurationKey } from './configuration.ts';
export { httpUrl, listenAddress, logLevel, z } from './types.ts';
