import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SandboxError } from './errors.ts';

/** Everything of the sandbox is for this machine only. */
const LOOPBACK = '127.0.0.1';

/** The address of a server that listens. */
export function urlOf(port: number): string {
  return `http://${LOOPBACK}:${port}`;
}

/**
 * Listens on a port of loopback, any for 0; gives the port.
 * @throws SandboxError `port_taken`
 */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      reject(new SandboxError('port_taken', `cannot listen on port ${port}: ${error.message}`));
    };
    server.once('error', failed);
    server.listen(port, LOOPBACK, () => {
      server.off('error', failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Closes a server and every connection to it. */
export function shut(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

/** The body of a request as text; undefined when it is longer than allowed or was cut. */
export async function bodyOf(
  request: IncomingMessage,
  bodyBytesMax: number,
): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Path and query of a request; undefined when there are none to be read. */
export function targetOf(request: IncomingMessage): URL | undefined {
  return URL.canParse(request.url ?? '', urlOf(0))
    ? new URL(request.url ?? '', urlOf(0))
    : undefined;
}

/** Sends status and headers, and no others, as a real node does. */
export function writeHead(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  response.sendDate = false;
  response.removeHeader('connection');
  response.writeHead(status, { ...headers });
}
