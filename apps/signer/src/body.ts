import { err, ok, type Result } from '@meridian/prelude';
import { BODY_CHARACTERS_MAX, type ProtocolProblemCode } from '@meridian/signer-protocol';
import type { IncomingMessage } from 'node:http';

/** Digits and quotes are one byte each, so what is longer is no request to sign. */
export const BODY_BYTES_MAX = BODY_CHARACTERS_MAX;

/**
 * Reads a body to its end, whether its length was told before or it comes in chunks, as octez-client sends it. At the
 * first byte too many reading stops and the rest is left where it is: see {@link leaveUnread}.
 */
export function readBody(request: IncomingMessage): Promise<Result<string, ProtocolProblemCode>> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX)
    return Promise.resolve(err('body_too_large'));
  return new Promise(resolve => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
      else {
        request.pause();
        resolve(err('body_too_large'));
      }
    });
    request.once('end', () => resolve(ok(Buffer.concat(chunks).toString('utf8'))));
    // Cut off: nobody is left who would read the answer.
    request.once('error', () => resolve(err('malformed_body')));
  });
}

/** How long a connection stays open after an answer to a request that was not read to its end. */
const LINGER_MS = 1_000;

/**
 * Ends a connection on which bytes of a request are still to come. They are not read: neither memory nor time is spent
 * on them. It stays open for a moment, since closing at once could take the answer away from who is still sending.
 */
export function leaveUnread({ socket }: IncomingMessage): void {
  const end = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(end));
}
