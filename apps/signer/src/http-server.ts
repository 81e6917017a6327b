import {
  protocolProblem,
  renderProblem,
  type ProtocolProblemCode,
} from '@meridian/signer-protocol';
import { createServer, STATUS_CODES, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** What one signer grants to all who connect. */
export const HTTP_LIMITS = {
  /** From the first byte of a request, or from the connection, to the last header. */
  headersTimeoutMs: 5_000,
  /** To the last byte of a body. */
  requestTimeoutMs: 10_000,
  /** Longer than a few blocks, so that a client finds its connection open. */
  keepAliveTimeoutMs: 75_000,
  connectionsMax: 256,
  headerBytesMax: 8 * 1024,
  /** How often the timeouts above are looked at. */
  checkEveryMs: 1_000,
} as const;

/** The limits of a server. */
export type HttpLimits = { readonly [Name in keyof typeof HTTP_LIMITS]: number };

/** A server with limits; what is no request at all is answered in the words of the protocol, too. */
export function signerServer(listener: RequestListener, limits: HttpLimits = HTTP_LIMITS): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
      connectionsCheckingInterval: limits.checkEveryMs,
    },
    listener,
  );
  server.maxConnections = limits.connectionsMax;
  server.on('clientError', refuseClient);
  return server;
}

/** What Node says of bytes that are no request; all else is `malformed_request`. */
const CLIENT_ERRORS: Readonly<Record<string, ProtocolProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_too_slow',
};

function refuseClient(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code = CLIENT_ERRORS[error.code ?? ''] ?? 'malformed_request';
  const { status, headers, body } = renderProblem(protocolProblem(code));
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const length = `content-length: ${Buffer.byteLength(body).toString()}`;
  const first = `HTTP/1.1 ${status.toString()} ${STATUS_CODES[status] ?? ''}`;
  socket.end([first, ...lines, length, '', body].join('\r\n'), () => socket.destroy());
}
