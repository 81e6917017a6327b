import express from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

/** What a daemon says of itself on its own port. */
export type OperationsParts = {
  readonly metrics: Metrics<never>;
  /** Named conditions of being of use; a text says why one does not hold. */
  readonly checks: () => Readonly<Record<string, true | string>>;
  readonly status: () => object;
};

/** A server that listens. */
export type Listening = { readonly port: number; readonly close: () => Promise<void> };

/** Metrics, health, readiness and status over HTTP, apart from the daemon's own interface. */
export function serveOperations(
  { host, port }: { readonly host: string; readonly port: number },
  { metrics, checks, status }: OperationsParts,
): Promise<Listening> {
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', (_request, response, next) => {
    metrics.text().then(text => response.type(metrics.contentType).send(text), next);
  });
  app.get('/health', (_request, response) => {
    response.json({ alive: true });
  });
  app.get('/ready', (_request, response) => {
    const all = checks();
    const ready = Object.values(all).every(check => check === true);
    response.status(ready ? 200 : 503).json({ ready, checks: all });
  });
  app.get('/status', (_request, response) => {
    response.json(status());
  });
  return listen(app.listen(port, host));
}

/** Waits until a server listens; closing it ends its connections at once. */
export function listen(server: Server): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise(done => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}
