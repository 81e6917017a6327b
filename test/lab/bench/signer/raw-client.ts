import { connect, type Socket } from 'node:net';

/** What came back: the status, and the body as text. */
export type Reply = { readonly status: number; readonly body: string };

/**
 * A connection that is kept, on which one request after the other is sent: as little as a client can be, since it
 * shares the machine with what it measures. It reads answers that say their length, and no others.
 */
export class RawClient {
  readonly #socket: Socket;
  #waiting: ((reply: Reply) => void) | undefined;
  #text = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (part: Buffer) => {
      this.#text += part.toString('latin1');
      this.#look();
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1' });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    return new RawClient(socket);
  }

  ask(request: string): Promise<Reply> {
    return new Promise(resolve => {
      this.#waiting = resolve;
      this.#socket.write(request, 'latin1');
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #look(): void {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#text.slice(0, end);
    const length = lengthOf(head, this.#text.slice(end + 4));
    if (length === undefined) return;
    const body = this.#text.slice(end + 4, end + 4 + length);
    this.#text = this.#text.slice(end + 4 + length);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.({ status: Number(head.slice(9, 12)), body });
  }
}

/** How long the answer is, once all of it has come: by its length, or by its chunks. */
function lengthOf(head: string, rest: string): number | undefined {
  const said = /content-length: (\d+)/i.exec(head)?.[1];
  if (said !== undefined) return rest.length >= Number(said) ? Number(said) : undefined;
  return rest.endsWith('0\r\n\r\n') ? rest.length : undefined;
}

/** A request to sign, ready to be sent. */
export function signRequestText(pkh: string, bytesHex: string): string {
  const body = `"${bytesHex}"`;
  return [
    `POST /keys/${pkh}?version=3 HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    `content-length: ${body.length.toString()}`,
    '',
    body,
  ].join('\r\n');
}
