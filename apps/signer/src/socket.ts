import { lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { protocolProblem } from '@meridian/signer-protocol';
import { frame, frameBuffer, parseSocketRequest } from '@meridian/signer-protocol/socket';
import { renderSocketAnswer, renderSocketProblem } from '@meridian/signer-protocol/socket';
import { answer, type AnswerParts } from './answer.ts';
import { assertFolderOf } from './socket-folder.ts';

/** What one signer grants to all who connect to its socket. */
export const SOCKET_LIMITS = {
  /** For a request to come, whole, and for an answer to be taken; as octez-signer has it. */
  idleTimeoutMs: 8_000,
  connectionsMax: 64,
} as const;

/** The limits of a socket, and who may connect: its owner alone, or the group of the file, too. */
export type SocketOptions = { readonly [Name in keyof typeof SOCKET_LIMITS]?: number } & {
  readonly mode?: 0o600 | 0o660;
};

/** A socket that is served; closing it lets each answer that is being made reach who asked. */
export type ServedSocket = { readonly close: () => Promise<void> };

/**
 * The Octez remote-signer protocol on a unix socket. A file that is left of a process that is gone is replaced; one
 * that somebody listens on, or that is no socket, is left alone.
 * @throws Error naming the path when it cannot be listened on
 */
export async function serveSocket(
  path: string,
  parts: AnswerParts,
  { mode = 0o600, ...limits }: SocketOptions = {},
): Promise<ServedSocket> {
  const { idleTimeoutMs, connectionsMax } = { ...SOCKET_LIMITS, ...limits };
  const open = new Set<Connection>();
  const server = createServer(socket => {
    const connection = new Connection(socket, parts, idleTimeoutMs);
    open.add(connection);
    socket.once('close', () => open.delete(connection));
  });
  server.maxConnections = connectionsMax;
  assertFolderOf(path);
  await removeLeftOver(path);
  await listenOn(server, path, mode);
  return {
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const connection of open) connection.finish();
      }),
  };
}

/** Who is on the other end of a socket: asks one thing after the other, and is answered in this order. */
class Connection {
  readonly #socket: Socket;
  readonly #parts: AnswerParts;
  readonly #idleTimeoutMs: number;
  readonly #received = frameBuffer();
  #idle: NodeJS.Timeout | undefined;
  #isAnswering = false;
  #isFinished = false;

  constructor(socket: Socket, parts: AnswerParts, idleTimeoutMs: number) {
    this.#socket = socket;
    this.#parts = parts;
    this.#idleTimeoutMs = idleTimeoutMs;
    socket.on('data', bytes => {
      this.#received.add(bytes);
      this.#next();
    });
    // Whoever is gone is told nothing; the close that follows ends the rest.
    socket.on('error', () => undefined);
    socket.once('close', () => clearTimeout(this.#idle));
    this.#awaitPeer();
  }

  /** No more requests: ends now, or after the answer that is being made. */
  finish(): void {
    this.#isFinished = true;
    if (!this.#isAnswering) this.#socket.destroy();
  }

  /** The other side has so long to send a whole request, or to take an answer. */
  #awaitPeer(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#socket.destroy(), this.#idleTimeoutMs);
  }

  #next(): void {
    const message = this.#received.next();
    if (message === undefined) return;
    const request = parseSocketRequest(message);
    if (request === undefined) {
      this.#socket.destroy();
      return;
    }
    // While an answer is made nothing is read, not even the end: requests are answered in their order, all that were
    // sent before the other side ended, and nobody fills our memory with questions.
    this.#isAnswering = true;
    this.#socket.pause();
    clearTimeout(this.#idle);
    this.#reply(request)
      .catch((error: unknown) => {
        this.#parts.mistake?.(error);
        return renderSocketProblem(protocolProblem('internal_error'));
      })
      .then(reply => this.#send(frame(reply)))
      .catch(() => this.#socket.destroy());
  }

  async #reply(request: NonNullable<ReturnType<typeof parseSocketRequest>>): Promise<Uint8Array> {
    const outcome = request.ok ? await answer(this.#parts, request.value) : request;
    return outcome.ok ? renderSocketAnswer(outcome.value) : renderSocketProblem(outcome.error);
  }

  #send(reply: Uint8Array): void {
    this.#awaitPeer();
    this.#socket.write(reply, () => {
      this.#isAnswering = false;
      if (this.#isFinished) {
        this.#socket.destroy();
        return;
      }
      this.#awaitPeer();
      this.#socket.resume();
      this.#next();
    });
  }
}

/** Removes the socket of a process that is gone. */
async function removeLeftOver(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path}: there is a file that is no socket`);
  const failure = await connectionFailure(path);
  if (failure !== 'ECONNREFUSED')
    throw new Error(`${path}: somebody listens there already (${failure ?? 'it answers'})`);
  unlinkSync(path);
}

/** Why nobody answers on a socket; undefined when somebody does. */
function connectionFailure(path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Listens on a file that is made with this mode: there is no moment at which others could connect. */
function listenOn(server: Server, path: string, mode: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // A connection that could not be taken, later, ends nothing.
    server.on('error', reject);
    server.once('listening', () => resolve());
    // The file is made before `listen` returns.
    const before = process.umask(~mode & 0o777);
    try {
      server.listen(path);
    } finally {
      process.umask(before);
    }
  });
}
