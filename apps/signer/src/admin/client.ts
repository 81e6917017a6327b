import { request } from 'node:http';

/** An answer of the daemon. */
export type AdminAnswer = {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
};

/** Why the daemon gave no answer. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
}

/** An action may wait for a store; a signer that says nothing for so long is given up, in milliseconds. */
const ANSWER_MAX_MS = 60_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Asks a signer over its socket to do something.
 * @throws SocketError when nobody listens there, or no answer came
 */
export function askDaemon(socketPath: string, action: string, args: object): Promise<AdminAnswer> {
  const body = JSON.stringify(args);
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new SocketError(`${socketPath}: ${why}`));
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const path = `/watermark/${action}`;
    const asked = request({ socketPath, path, method: 'POST', headers }, response => {
      let [text, length] = ['', 0];
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        length += chunk.length;
        if (length <= ANSWER_BYTES_MAX) text += chunk;
        else asked.destroy(new Error('the answer is too long'));
      });
      response.on('error', ({ message }) => fail(message));
      response.on('end', () => {
        const json = objectIn(text);
        if (json === undefined) fail('the answer is no JSON object');
        else resolve({ status: response.statusCode ?? 0, json });
      });
    });
    asked.setTimeout(ANSWER_MAX_MS, () => asked.destroy(new Error('no answer came')));
    asked.on('error', (error: NodeJS.ErrnoException) => fail(reasonOf(error)));
    asked.end(body);
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT')
    return 'there is no socket; does the signer run, with `admin` in its configuration?';
  if (code === 'ECONNREFUSED') return 'no signer listens there any more';
  if (code === 'EACCES') return 'the socket is for its owner alone';
  return message;
}

function objectIn(text: string): AdminAnswer['json'] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as AdminAnswer['json'])
      : undefined;
  } catch {
    return undefined;
  }
}
