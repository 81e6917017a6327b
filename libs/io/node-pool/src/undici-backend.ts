import { HttpBackend, type HttpRequestOptions } from '@taquito/http-utils';
import { Pool, type Dispatcher } from 'undici';
import { connections, type Connections } from './connections.ts';
import { NodeError } from './errors.ts';

/** What one request to a node may cost. */
export type RequestLimits = {
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  /** Requests at the same time; each has a connection of its own, so none waits behind another. */
  readonly connectionsMax: number;
  /** Requests that wait for one of them; one more fails at once, as a `timeout`. */
  readonly queuedMax: number;
};

/** Characters of an error body that are repeated in a message. */
const QUOTED_CHARACTERS_MAX = 300;

/** Lets @taquito/rpc talk through kept-alive connections of undici, within limits. */
export class UndiciBackend extends HttpBackend {
  readonly #connections: Connections;
  readonly #pool: Pool;
  readonly #limits: RequestLimits;

  constructor(origin: string, limits: RequestLimits) {
    super(limits.timeoutMs);
    this.#limits = limits;
    this.#connections = connections(limits.timeoutMs);
    this.#pool = new Pool(origin, {
      connections: limits.connectionsMax,
      connect: this.#connections.connect,
    });
  }

  /** @throws NodeError */
  override async createRequest<Answer>(
    { url, method = 'GET', query }: HttpRequestOptions,
    data?: object | string,
  ): Promise<Answer> {
    const { timeoutMs, bodyBytesMax } = this.#limits;
    const { pathname, search } = new URL(url);
    const path = pathname + (search === '' ? this.serialize(query) : search);
    const where = `${method} ${path}`;
    try {
      const response = await this.#pool.request({
        path,
        method,
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: data === undefined ? null : JSON.stringify(data),
        signal: AbortSignal.timeout(timeoutMs),
      });
      return answerOf(
        where,
        response.statusCode,
        await textOf(where, response, bodyBytesMax),
      ) as Answer;
    } catch (error) {
      throw nodeErrorOf(where, timeoutMs, error);
    }
  }

  async close(): Promise<void> {
    const gone = this.#pool.destroy();
    this.#connections.destroy();
    await gone;
  }
}

async function textOf(
  where: string,
  { body }: Dispatcher.ResponseData,
  bodyBytesMax: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bodyBytesMax) {
      const bound = `${where}: an answer of more than ${bodyBytesMax.toString()} bytes`;
      throw new NodeError('bad_answer', bound);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answerOf(where: string, status: number, text: string): unknown {
  if (status >= 400) {
    const quoted = text.slice(0, QUOTED_CHARACTERS_MAX).trim();
    const words = `${where}: status ${status.toString()}${quoted === '' ? '' : `: ${quoted}`}`;
    throw new NodeError('refused', words, status);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new NodeError('bad_answer', `${where}: the answer is no JSON`, status);
  }
}

function nodeErrorOf(where: string, timeoutMs: number, error: unknown): NodeError {
  if (error instanceof NodeError) return error;
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  if (name === 'TimeoutError' || name === 'AbortError') {
    return new NodeError('timeout', `${where}: no answer within ${timeoutMs.toString()} ms`);
  }
  return new NodeError('unreachable', `${where}: ${message || name}`);
}
