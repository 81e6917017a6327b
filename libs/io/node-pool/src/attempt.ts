import type { Client, Dispatcher } from 'undici';
import type { StreamFaultCode } from './errors.ts';
import type { StreamLimits } from './limits.ts';
import { lineReader } from './line-reader.ts';

/** How an attempt ended by itself; one that was stopped says nothing. */
export type AttemptEnd =
  /** The node ended the stream in order, after a whole line. */
  | { readonly kind: 'ended' }
  /** The connection broke; `sent` when the request had been written, `restBytes` of a line that had begun. */
  | {
      readonly kind: 'broken';
      readonly message: string;
      readonly sent: boolean;
      readonly restBytes: number;
    }
  /** What came was no use. */
  | {
      readonly kind: 'fault';
      readonly code: StreamFaultCode;
      readonly message: string;
      readonly status?: number;
    };

/** What happens to an attempt, in this order: open, values, end. */
export type AttemptListener = {
  readonly open: () => void;
  /** A line's value; the answer says what is wrong with it, if anything. */
  readonly value: (value: unknown) => string | undefined;
  readonly end: (end: AttemptEnd) => void;
};

/** Statuses that say that asking again soon is no use: the node's ACL. */
const REFUSALS: readonly number[] = [401, 403];
const CARRIAGE_RETURN = 0x0d;
const DECODER = new TextDecoder('utf-8', { fatal: true });

/**
 * Asks once for a stream and follows it to its end. `client` is used for nothing else: undici forgets to abort what
 * waits behind an open stream.
 * @returns a function that ends the attempt without a word; the connection is left to the owner of `client`
 */
export function attempt(
  client: Client,
  path: string,
  limits: StreamLimits,
  listener: AttemptListener,
): () => void {
  let over = false;
  let sent = false;
  let timer: NodeJS.Timeout | undefined;
  const reader = lineReader(limits.lineBytesMax);
  const stop = (): void => {
    over = true;
    clearTimeout(timer);
  };
  const end = (how: AttemptEnd): void => {
    if (over) return;
    stop();
    listener.end(how);
  };
  const fault = (code: StreamFaultCode, message: string, status?: number): void =>
    end({ kind: 'fault', code, message, ...(status === undefined ? {} : { status }) });
  const expect = (what: string, withinMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => fault('timeout', `${what} within ${withinMs} ms`), withinMs);
  };
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: controller => {
      if (over) {
        controller.abort(new Error('given up'));
        return;
      }
      sent = true;
      expect('no headers', limits.headersTimeoutMs);
    },
    onResponseStart: (_controller, status) => {
      if (over || status < 200) return;
      clearTimeout(timer);
      if (status === 200) listener.open();
      else fault(REFUSALS.includes(status) ? 'refused' : 'bad_status', `status ${status}`, status);
    },
    onResponseData: (_controller, chunk) => {
      if (over) return;
      const { lines, tooLong } = reader.read(chunk);
      for (const line of lines) {
        const wrong = isBlank(line) ? undefined : wordsAbout(line, listener.value);
        if (wrong !== undefined) fault('bad_line', wrong);
        if (isOver()) return;
      }
      if (tooLong) fault('line_too_long', `a line of more than ${limits.lineBytesMax} bytes`);
    },
    onResponseEnd: () => {
      const restBytes = reader.restBytes();
      if (restBytes === 0) end({ kind: 'ended' });
      else fault('half_line', halfLine(restBytes));
    },
    onResponseError: (_controller, { message, name }) =>
      end({ kind: 'broken', message: message || name, sent, restBytes: reader.restBytes() }),
  };
  // The compiler does not see that a listener may stop the attempt.
  const isOver = (): boolean => over;
  expect('no connection', limits.connectTimeoutMs);
  const headers = { accept: 'application/json' };
  client.dispatch({ path, method: 'GET', headers, headersTimeout: 0, bodyTimeout: 0 }, handler);
  return stop;
}

/** What to say of a line that began and did not end. */
export function halfLine(restBytes: number): string {
  return `the stream ended after ${restBytes} bytes of a line`;
}

/** A line that is empty but for the return of a CRLF says nothing. */
function isBlank(line: Uint8Array): boolean {
  return line.length === 0 || (line.length === 1 && line[0] === CARRIAGE_RETURN);
}

function wordsAbout(
  line: Uint8Array,
  take: (value: unknown) => string | undefined,
): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(DECODER.decode(line));
  } catch {
    return 'a line that is no JSON';
  }
  return take(value);
}
