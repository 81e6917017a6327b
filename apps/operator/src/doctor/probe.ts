import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { printable } from '../printable.ts';

/** What came of one question over HTTP. */
export type Reply =
  | { readonly kind: 'answer'; readonly value: unknown; readonly times: ReplyTimes }
  /** A status other than 200; `text` is the beginning of what was said with it. */
  | { readonly kind: 'status'; readonly status: number; readonly text: string }
  /** No answer, or one that cannot be used. */
  | { readonly kind: 'nothing'; readonly why: string };

/** When a question went out and its answer was complete, and what the other side takes for the time; all in ms. */
export type ReplyTimes = {
  readonly sentAt: number;
  readonly receivedAt: number;
  readonly date: number | undefined;
};

/** Asks one address; never rejects, and never takes longer than its limits. */
export type Probe = (path: string, how?: Question) => Promise<Reply>;

/** `open` is content with the status: a stream has no end. */
export type Question = {
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  readonly wants?: 'json' | 'open';
};

const ANSWER_BYTES_MAX = 1024 * 1024;
/** Of an answer with another status than 200. */
const TEXT_BYTES_MAX = 4 * 1024;

/** Questions of one address that may stay without an answer: what many keys cost of a service that hangs is bounded. */
const UNANSWERED_MAX = 10;

/**
 * Asks below one address, each question on a connection of its own: what is found is the other side's, not that of a
 * connection that broke meanwhile.
 * @param timeoutMs from the question to the end of its answer
 */
export function probeOf(base: string, timeoutMs: number): Probe {
  const { href } = new URL(base);
  const root = href.replace(/\/$/, '');
  let unanswered = 0;
  return async (path, how = {}) => {
    if (unanswered >= UNANSWERED_MAX) {
      const bound = UNANSWERED_MAX.toString();
      return { kind: 'nothing', why: `not asked, since ${bound} questions before had no answer` };
    }
    const reply = await ask(new URL(root + path), timeoutMs, how);
    if (reply.kind === 'nothing') unanswered += 1;
    return reply;
  };
}

function ask(url: URL, timeoutMs: number, { method, body, wants }: Question): Promise<Reply> {
  return new Promise(resolve => {
    const sentAt = Date.now();
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const headers = {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const sent = send(url, { method: method ?? 'GET', agent: false, headers });
    const end = (reply: Reply): void => {
      clearTimeout(timer);
      resolve(reply);
      // What comes now, an error of a torn connection included, is of no interest.
      sent.on('error', () => undefined).destroy();
    };
    const tooLate = `no answer within ${(timeoutMs / 1_000).toString()} s`;
    const timer = setTimeout(() => end({ kind: 'nothing', why: tooLate }), timeoutMs);
    sent.on('error', error => end({ kind: 'nothing', why: wordsOf(error) }));
    sent.on('response', response => {
      const isOpen = wants === 'open' && response.statusCode === 200;
      const date = Date.parse(response.headers.date ?? '');
      const times = (): ReplyTimes => ({
        sentAt,
        receivedAt: Date.now(),
        date: Number.isNaN(date) ? undefined : date,
      });
      if (isOpen) end({ kind: 'answer', value: undefined, times: times() });
      else read(response, text => end(replyOf(response.statusCode ?? 0, text, times())), end);
    });
    sent.end(body);
  });
}

function read(
  response: IncomingMessage,
  done: (text: string) => void,
  end: (reply: Reply) => void,
): void {
  const isGood = response.statusCode === 200;
  const chunks: Buffer[] = [];
  let length = 0;
  const text = (): string => Buffer.concat(chunks).toString('utf8');
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (!isGood && length > TEXT_BYTES_MAX) done(text());
    else if (length > ANSWER_BYTES_MAX) {
      end({ kind: 'nothing', why: `an answer of more than ${ANSWER_BYTES_MAX.toString()} bytes` });
    }
  });
  response.on('end', () => done(text()));
  response.on('error', error => end({ kind: 'nothing', why: wordsOf(error) }));
}

function replyOf(status: number, text: string, times: ReplyTimes): Reply {
  if (status !== 200) return { kind: 'status', status, text: printable(text) };
  try {
    return { kind: 'answer', value: JSON.parse(text), times };
  } catch {
    return { kind: 'nothing', why: 'an answer that is no JSON' };
  }
}

/** Several attempts at one address make an error without a message. */
function wordsOf(error: Error): string {
  return printable(
    error.message === '' ? ((error as NodeJS.ErrnoException).code ?? '') : error.message,
  );
}

/** Why a reply is of no use, in a few words. */
export function whyNot(reply: Exclude<Reply, { readonly kind: 'answer' }>): string {
  if (reply.kind === 'nothing') return reply.why;
  const status = `status ${reply.status.toString()}`;
  if (isRefusal(reply)) return `${status}: access is refused`;
  return reply.text === '' ? status : `${status}: ${reply.text}`;
}

/** Whether an access list stands in the way. */
export function isRefusal(reply: Reply): boolean {
  return reply.kind === 'status' && (reply.status === 401 || reply.status === 403);
}

/** The fields of an answer; none when it is something else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Does `work` on everything, so many at once; results in the order of the items. */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  atOnceMax: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of left) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnceMax }, worker));
  return results;
}
