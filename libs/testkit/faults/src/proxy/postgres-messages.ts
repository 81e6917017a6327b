import { assert } from '@meridian/prelude';

/*
 * Messages of PostgreSQL's protocol 3.0 (chapter "Frontend/Backend Protocol", "Message Formats"): a letter, a length
 * that counts itself, and a body. A client's first messages have no letter.
 */

/** A whole message. `type` is empty where there is no letter. */
export type Message = { readonly type: string; readonly bytes: Buffer };

const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
const LENGTH_BYTES = 4;
const [SSL_REQUEST, GSS_REQUEST] = [80_877_103, 80_877_104];

/** Cuts a stream into messages, which may come in pieces. */
export function messagesOf(side: 'client' | 'server'): (bytes: Buffer) => readonly Message[] {
  let [rest, started]: [Buffer, boolean] = [Buffer.alloc(0), side === 'server'];
  return bytes => {
    rest = Buffer.concat([rest, bytes]);
    const messages: Message[] = [];
    for (;;) {
      const letters = started ? 1 : 0;
      if (rest.length < letters + LENGTH_BYTES) return messages;
      const length = letters + rest.readUInt32BE(letters);
      assert(length <= MESSAGE_BYTES_MAX, 'a message of PostgreSQL is not longer than its maximum');
      if (rest.length < length) return messages;
      const message = {
        type: rest.toString('latin1', 0, letters),
        bytes: rest.subarray(0, length),
      };
      messages.push(message);
      started ||= !asksForEncryption(message);
      rest = rest.subarray(length);
    }
  };
}

/** Whether a client wants its connection encrypted before it starts it. */
export function asksForEncryption({ type, bytes }: Message): boolean {
  return type === '' && [SSL_REQUEST, GSS_REQUEST].includes(bytes.readUInt32BE(LENGTH_BYTES));
}

/** The strings at the start of a body, each ended by a zero. */
export function stringsOf({ bytes }: Message, count: number): readonly string[] {
  return bytes.toString('utf8', 1 + LENGTH_BYTES).split('\0', count);
}

function message(type: string, ...parts: readonly string[]): Buffer {
  const body = Buffer.from(parts.map(part => `${part}\0`).join(''));
  const head = Buffer.alloc(1 + LENGTH_BYTES);
  head.write(type, 'latin1');
  head.writeUInt32BE(LENGTH_BYTES + body.length, 1);
  return Buffer.concat([head, body]);
}

/** A client's simple query. */
export const query = (sql: string): Buffer => message('Q', sql);

/** A server's ErrorResponse; after one that is FATAL it closes the connection. */
export function errorResponse(severity: 'ERROR' | 'FATAL', sqlstate: string, text: string): Buffer {
  return message('E', `S${severity}`, `V${severity}`, `C${sqlstate}`, `M${text}`, '');
}
