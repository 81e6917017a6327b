import { Pool } from 'undici';
import type { SignerLimits } from './limits.ts';

/** A request, whichever signer it is made to. */
export type Exchange = {
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly body?: string;
};

/** What a signer answered. */
export type Reply = { readonly status: number; readonly body: string };

/** A signer that can be asked. */
export type Signer = {
  readonly name: string;
  /** Never rejects: a text says why there is no answer. */
  readonly ask: (exchange: Exchange, timeoutMs: number) => Promise<Reply | string>;
  readonly close: () => Promise<void>;
};

/** A signer over HTTP, on connections that are kept. */
export function httpSigner(
  url: string,
  { connectionsMax, bodyBytesMax }: Pick<SignerLimits, 'connectionsMax' | 'bodyBytesMax'>,
): Signer {
  const { host, origin, pathname } = new URL(url);
  const prefix = pathname.replace(/\/$/, '');
  const pool = new Pool(origin, { connections: connectionsMax, pipelining: 1 });
  return {
    name: host,
    ask: async ({ method, target, body = null }, timeoutMs) => {
      try {
        const response = await pool.request({
          path: prefix + target,
          method,
          headers: { 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
        });
        const chunks: Buffer[] = [];
        let length = 0;
        for await (const chunk of response.body as AsyncIterable<Buffer>) {
          length += chunk.length;
          if (length > bodyBytesMax)
            return `an answer of more than ${bodyBytesMax.toString()} bytes`;
          chunks.push(chunk);
        }
        return { status: response.statusCode, body: Buffer.concat(chunks).toString('utf8') };
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    close: () => pool.destroy(),
  };
}
