import express from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

/** What a daemon says of itself on its own port. */
export type OperationsParts = {
  readonly metrics: Metrics<never>;
  /** Named conditions of being of use; a text says why one does not hold. One that takes too long does not. */
  readonly checks: () => Readonly<Record<string, Check | Promise<Check>>>;
  readonly status: () => object;
  /** What else the daemon answers, by path. */
  readonly more?: Readonly<Record<string, (query: URLSearchParams) => Promise<OperationsAnswer>>>;
};

/** An answer as JSON. */
export type OperationsAnswer = { readonly status: number; readonly body: object };

/** Whether a condition holds, or why not. */
export type Check = true | string;

/** How long a check of readiness may take. */
const CHECK_MAX_MS = 500;
/** How long requests that are under way may take once a server is told to close. */
const DRAIN_MAX_MS = 1_000;

/** A server that listens. */
export type Listening = { readonly port: number; readonly close: () => Promise<void> };

/** Metrics, health, readiness and status over HTTP, apart from the daemon's own interface. */
export function serveOperations(
  { host, port }: { readonly host: string; readonly port: number },
  { metrics, checks, status, more = {} }: OperationsParts,
): Promise<Listening> {
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', (_request, response, next) => {
    metrics.text().then(text => response.type(metrics.contentType).send(text), next);
  });
  app.get('/healthz', (_request, response) => {
    response.json({ alive: true });
  });
  app.get('/readyz', (_request, response, next) => {
    settled(checks()).then(all => {
      const ready = Object.values(all).every(check => check === true);
      response.status(ready ? 200 : 503).json({ ready, checks: all });
    }, next);
  });
  app.get('/status', (_request, response) => {
    response.json(status());
  });
  for (const [path, answer] of Object.entries(more)) {
    app.get(path, (request, response, next) => {
      const { searchParams } = new URL(request.originalUrl, 'http://operations');
      answer(searchParams).then(({ status: code, body }) => response.status(code).json(body), next);
    });
  }
  return listen(app.listen(port, host));
}

async function settled(
  checks: ReturnType<OperationsParts['checks']>,
): Promise<Readonly<Record<string, Check>>> {
  const each = Object.entries(checks).map(async ([name, check]) => {
    const late = new Promise<Check>(resolve => {
      setTimeout(() => resolve('gives no answer in time'), CHECK_MAX_MS).unref();
    });
    return [name, await Promise.race([check, late])] as const;
  });
  return Object.fromEntries(await Promise.all(each));
}

/**
 * Waits until a server listens. Closing it takes no new connection, lets requests that are under way come to their
 * end for a while, and then ends all connections.
 */
export function listen(server: Server): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise(done => {
            const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MAX_MS);
            server.close(() => {
              clearTimeout(cut);
              done();
            });
            server.closeIdleConnections();
          }),
      });
    });
  });
}
