import {
  parseSignReply,
  renderSignRequest,
  type MarkJson,
  type SignReply,
} from '@meridian/signer-protocol';
import { toHex, type PublicKeyHash } from '@meridian/tezos';
import { Pool } from 'undici';

/** What a signature may cost. */
export type SignerLimits = {
  /** One signer's time to answer, before the next one is asked for the same bytes. */
  readonly timeoutMs: number;
  /** All signers' time together. */
  readonly deadlineMs: number;
  /** Pause before the signers are asked once more. */
  readonly pauseMs: number;
  readonly bodyBytesMax: number;
  /** Questions under way at the same time, each on a connection of its own; further ones wait their turn. */
  readonly connectionsMax: number;
  /** Questions that wait their turn; one more is not asked at all. */
  readonly waitingMax: number;
};

/** Limits that suit a signer in the same region and blocks of some seconds. */
export const DEFAULT_LIMITS: SignerLimits = {
  timeoutMs: 500,
  deadlineMs: 3_000,
  pauseMs: 20,
  bodyBytesMax: 256 * 1024,
  connectionsMax: 64,
  waitingMax: 4_096,
};

/** A signature, a refusal that is final, or what kept every signer from answering. */
export type SignOutcome =
  | Exclude<SignReply, { readonly kind: 'malformed' }>
  | { readonly kind: 'unavailable'; readonly reasons: readonly string[] };

/** Asks signers that share one store: whichever answers, the watermark is the same. */
export type SignerClient = {
  /** Never rejects. */
  readonly sign: (pkh: PublicKeyHash, payload: Uint8Array) => Promise<SignOutcome>;
  /** The marks of a key; undefined when no signer could say. Never rejects. */
  readonly marks: (pkh: PublicKeyHash) => Promise<readonly MarkJson[] | undefined>;
  readonly close: () => Promise<void>;
};

type Exchange = {
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly body?: string;
};
type Reply = { readonly status: number; readonly body: string };

/** States that another signer, or the same one a moment later, need not be in. */
const isPassing = (status: number): boolean => status >= 500 || status === 429;

/**
 * A client of one or several signers. The one that answered last is asked first; if it is away, slow or unable, the
 * next one is asked for the same bytes, which the watermark makes harmless, until one answers or time is up.
 * @param urls base addresses, such as `http://127.0.0.1:6732`
 */
export function signerClient(
  urls: readonly string[],
  limits: Partial<SignerLimits> = {},
): SignerClient {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const signers = urls.map(url => ({
    name: new URL(url).host,
    path: new URL(url).pathname.replace(/\/$/, ''),
    pool: new Pool(new URL(url).origin, { connections: all.connectionsMax, pipelining: 1 }),
  }));
  let first = 0;
  const turns = newTurns(all.connectionsMax, all.waitingMax);
  const ask = async (exchange: Exchange): Promise<Reply | readonly string[]> => {
    const endsAt = performance.now() + all.deadlineMs;
    // What waits for its turn has not been asked yet: it starts with the signer that answers by then.
    if (!(await turns.take())) return [`${all.waitingMax.toString()} questions wait already`];
    try {
      return await askInTurn(exchange, endsAt);
    } finally {
      turns.giveBack();
    }
  };
  const askInTurn = async (
    exchange: Exchange,
    endsAt: number,
  ): Promise<Reply | readonly string[]> => {
    let reasons: readonly string[] = ['no time was left'];
    while (performance.now() < endsAt) {
      const found: string[] = [];
      reasons = found;
      const start = first;
      for (const [turn] of signers.entries()) {
        const at = (start + turn) % signers.length;
        const signer = signers[at];
        const leftMs = endsAt - performance.now();
        if (signer === undefined || leftMs <= 0) break;
        const reply = await once(
          signer,
          exchange,
          Math.min(all.timeoutMs, leftMs),
          all.bodyBytesMax,
        );
        if (typeof reply !== 'string' && !isPassing(reply.status)) {
          first = at;
          return reply;
        }
        found.push(`${signer.name}: ${typeof reply === 'string' ? reply : reasonOf(reply)}`);
        if (first === at) first = (at + 1) % signers.length;
      }
      await new Promise(resolve => setTimeout(resolve, all.pauseMs));
    }
    return reasons;
  };
  return {
    sign: async (pkh, payload) => {
      const reply = await ask(renderSignRequest(pkh, toHex(payload)));
      if (!('status' in reply)) return { kind: 'unavailable', reasons: reply };
      const parsed = parseSignReply(reply.status, reply.body);
      if (parsed.kind !== 'malformed') return parsed;
      return { kind: 'unavailable', reasons: [parsed.reason] };
    },
    marks: async pkh => {
      const reply = await ask({ method: 'GET', target: `/marks/${pkh}` });
      return 'status' in reply && reply.status === 200 ? marksIn(reply.body) : undefined;
    },
    close: async () => {
      await Promise.all(signers.map(({ pool }) => pool.destroy()));
    },
  };
}

/** A bounded number at once, the others in the order in which they came. */
type Turns = { readonly take: () => Promise<boolean>; readonly giveBack: () => void };

function newTurns(atOnceMax: number, waitingMax: number): Turns {
  const waiting: (() => void)[] = [];
  let taken = 0;
  return {
    take: () => {
      if (taken < atOnceMax) {
        taken += 1;
        return Promise.resolve(true);
      }
      if (waiting.length >= waitingMax) return Promise.resolve(false);
      return new Promise(resolve => waiting.push(() => resolve(true)));
    },
    giveBack: () => {
      const next = waiting.shift();
      // A turn is handed on, so that nobody overtakes.
      if (next === undefined) taken -= 1;
      else next();
    },
  };
}

function reasonOf({ status, body }: Reply): string {
  const parsed = parseSignReply(status, body);
  return parsed.kind === 'refused' ? `${status.toString()} ${parsed.message}` : status.toString();
}

/** One question to one signer; a text says why there is no answer. */
async function once(
  { pool, path }: { readonly pool: Pool; readonly path: string },
  { method, target, body }: Exchange,
  timeoutMs: number,
  bodyBytesMax: number,
): Promise<Reply | string> {
  try {
    const response = await pool.request({
      path: path + target,
      method,
      headers: { 'content-type': 'application/json' },
      body: body ?? null,
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > bodyBytesMax) return `an answer of more than ${bodyBytesMax.toString()} bytes`;
      chunks.push(chunk);
    }
    return { status: response.statusCode, body: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function marksIn(body: string): readonly MarkJson[] | undefined {
  try {
    const { marks } = JSON.parse(body) as { marks?: unknown };
    return Array.isArray(marks) ? (marks as MarkJson[]) : undefined;
  } catch {
    return undefined;
  }
}
