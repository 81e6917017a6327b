import { Agent, request as openRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { CaseFile, Request, Status } from './case-file.ts';

/** What came back, as it came. */
export type Reply = {
  /** `no answer` after a long time, `connection refused` where nobody listens; no case expects those. */
  readonly status: Status | 'no answer' | 'connection refused' | 'broken answer';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the first byte sent to the last byte received, in milliseconds. */
  readonly ms: number;
  /** Whether the other side ends the connection soon after its answer. */
  readonly closes: () => Promise<boolean>;
};

/** Where is asked, and over whose connections. */
export type Line = { readonly url: string; readonly agent: Agent };

const ANSWER_MAX_MS = 20_000;
const CLOSE_MAX_MS = 2_000;
const ANSWER_BYTES_MAX = 1_048_576;

/** Connections that are kept, as those of a client that asks much. */
export function keptConnections(connectionsMax: number): Agent {
  return new Agent({ keepAlive: true, maxSockets: connectionsMax });
}

/** The bytes of a body, and undefined where a request has none. */
export function bodyOf(
  { body, body_hex: hex, body_repeat: repeat, message }: Request,
  messages: CaseFile['messages'],
): Buffer | undefined {
  if (hex !== undefined) return Buffer.from(hex, 'hex');
  if (repeat !== undefined) {
    const quote = repeat.quoted ? '"' : '';
    return Buffer.from(`${quote}${repeat.char.repeat(repeat.count)}${quote}`);
  }
  if (body !== undefined) return Buffer.from(body);
  const named = message === undefined ? undefined : messages[message];
  return named && Buffer.from(JSON.stringify(named.hex));
}

/** What is sent; a body without `content-length` leaves in chunks, as octez-client sends it. */
export type Sent = Pick<Request, 'method' | 'path' | 'headers'> & {
  readonly body: Buffer | undefined;
};

/** Asks once. Never rejects: how it failed is a status of its own. */
export function exchange({ url, agent }: Line, sent: Sent): Promise<Reply> {
  const since = performance.now();
  const held: { socket?: Socket } = {};
  return new Promise(resolve => {
    const end = (told: Pick<Reply, 'status' | 'headers' | 'body'>): void => {
      clearTimeout(late);
      const ms = performance.now() - since;
      const closes = (): Promise<boolean> => closed(held.socket);
      resolve({ ...told, ms, closes });
    };
    const { method, path, headers, body } = sent;
    const length =
      body === undefined || 'transfer-encoding' in headers ? {} : { 'content-length': body.length };
    // A path is sent as it stands, whatever a URL would make of it.
    const { hostname, port } = new URL(url);
    const asked = openRequest({
      ...{ agent, method, path, hostname, port },
      headers: { ...headers, ...length },
    });
    const late = setTimeout(() => asked.destroy(new Error('no answer')), ANSWER_MAX_MS);
    asked.on('socket', socket => (held.socket = socket));
    let response: IncomingMessage | undefined;
    asked.on('response', answer => {
      response = answer;
      read(answer, end);
    });
    // What is said while the body is still on its way counts; the reset that follows does not.
    asked.on('error', error => {
      if (response === undefined) end({ status: failureOf(error), headers: {}, body: '' });
    });
    asked.end(body);
  });
}

function read(
  answer: IncomingMessage,
  end: (told: Pick<Reply, 'status' | 'headers' | 'body'>) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const status = answer.statusCode ?? 0;
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
  );
  const tell = (how: Reply['status']): void =>
    end({ status: how, headers, body: Buffer.concat(chunks).toString('utf8') });
  answer.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) answer.destroy();
    else chunks.push(chunk);
  });
  answer.once('end', () => tell(status));
  answer.once('error', () => tell('broken answer'));
  answer.once('close', () => tell(answer.complete ? status : 'broken answer'));
}

function failureOf(error: NodeJS.ErrnoException): Reply['status'] {
  if (error.code === 'ECONNREFUSED') return 'connection refused';
  return error.message === 'no answer' ? 'no answer' : 'connection reset';
}

async function closed(socket: Socket | undefined): Promise<boolean> {
  if (socket === undefined || socket.destroyed) return true;
  return new Promise(resolve => {
    const late = setTimeout(() => resolve(false), CLOSE_MAX_MS);
    socket.once('close', () => {
      clearTimeout(late);
      resolve(true);
    });
  });
}
