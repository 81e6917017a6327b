import { buildConnector } from 'undici';

/** Makes connections for undici and knows them all, so that none outlives its owner. */
export type Connections = {
  readonly connect: buildConnector.connector;
  /** Ends every connection at once, also those that are still being made, which undici would wait for. */
  readonly destroy: () => void;
};

/** @param connectTimeoutMs how long a connection, its TLS handshake included, may take to stand */
export function connections(connectTimeoutMs: number): Connections {
  const standing = new Set<AbortController>();
  return {
    connect: (options, callback) => {
      const controller = new AbortController();
      standing.add(controller);
      // One signal each: a shared one would keep a listener for every connection there ever was.
      const limits = { signal: controller.signal, timeout: connectTimeoutMs, allowH2: false };
      buildConnector(limits)(options, (...outcome) => {
        const [error, socket] = outcome;
        if (error !== null) standing.delete(controller);
        else socket.once('close', () => standing.delete(controller));
        callback(...outcome);
      });
    },
    destroy: () => {
      for (const controller of standing) controller.abort();
      standing.clear();
    },
  };
}
