import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { assertFolderOf } from '../socket-folder.ts';
import { perform, statusOf } from './actions.ts';
import type { Desk } from './desk.ts';
import { ADMIN_REFUSALS, AdminError, type AdminCode } from './errors.ts';

/** An interchange file in a request grows by what its quotes are written with. */
const BODY_BYTES_MAX = 40 * 1024 * 1024;

/** Administration over HTTP: `POST /watermark/<action>` with the arguments as JSON. */
export function adminHttp(desk: Desk, mistake: (error: unknown) => void): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(express.json({ limit: BODY_BYTES_MAX, type: () => true, inflate: false, strict: true }));
  app.post('/watermark/:action', (request, response, next) => {
    perform(desk, request.params.action, (request.body as unknown) ?? {})
      .then(outcome => {
        response.status(statusOf(outcome)).json(outcome);
      })
      .catch(next);
  });
  app.use((request, _response, next) => {
    next(new AdminError('unknown_action', `${request.method} ${request.path}`));
  });
  app.use(answerError(mistake));
  return app;
}

/** `{code, message, field?}`; a mistake of ours is told to the log alone. */
function answerError(mistake: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const told = error instanceof AdminError ? error : refusedBody(error);
    if (told.code === 'mistake') mistake(error);
    const { code, message, field } = told;
    response.status(ADMIN_REFUSALS[code].status).json({ code, message, field });
  };
}

/** What express says of a body, in our words. */
function refusedBody(error: unknown): AdminError {
  const { status } = error as { readonly status?: unknown };
  const code: AdminCode =
    status === 413 ? 'too_large' : typeof status === 'number' ? 'malformed' : 'mistake';
  return new AdminError(code);
}

/** A socket that listens. */
export type AdminSocket = { readonly path: string; readonly close: () => Promise<void> };

/** Owner alone: whoever may open the socket may stop and start signing. */
const SOCKET_MODE = 0o600;

/**
 * Listens on a unix socket. A socket that nobody listens on any more is what a process left that was killed, and is
 * taken away; anything else at its place stays.
 * @throws Error when the place is taken, or there is none
 */
export async function serveAdmin(app: Express, path: string): Promise<AdminSocket> {
  assertFolderOf(path);
  await clearStale(path);
  const server = await listening(app, path);
  chmodSync(path, SOCKET_MODE);
  return {
    path,
    close: () =>
      new Promise(done => {
        server.close(() => done());
        (server as { closeAllConnections?: () => void }).closeAllConnections?.();
      }),
  };
}

function listening(app: Express, path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    // For nobody else from the start: the socket is made before this returns.
    const before = process.umask(0o177);
    const server = app.listen(path);
    process.umask(before);
    server.once('listening', () => resolve(server));
    server.once('error', reject);
  });
}

async function clearStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} is no socket, and stays`);
  if (await isListening(path)) throw new Error(`another process listens on ${path}`);
  unlinkSync(path);
}

function isListening(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(path);
    const end = (listens: boolean) => (): void => {
      socket.destroy();
      resolve(listens);
    };
    socket.once('connect', end(true));
    // Also one that refuses us listens: only what nobody answers at is stale.
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code !== 'ECONNREFUSED')());
  });
}
