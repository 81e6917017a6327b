import { RpcClient } from '@taquito/rpc';
import Bottleneck from 'bottleneck';
import pRetry from 'p-retry';
import { NodeError } from './errors.ts';
import { UndiciBackend, type RequestLimits } from './undici-backend.ts';

/** Reads that no vote waits for: whole blocks, rights of a past level, keys. */
export type ColdReads = {
  /** The answer of `GET /chains/main/blocks/<block>`, as the node gives it. */
  readonly block: (block: string) => Promise<unknown>;
  /** The answer of `GET /chains/main/blocks/<block>/<path>`. */
  readonly ofBlock: (block: string, path: string) => Promise<unknown>;
  readonly close: () => Promise<void>;
};

/** Limits that suit a whole mainnet block over a slow line. */
const DEFAULT_LIMITS: RequestLimits = {
  timeoutMs: 15_000,
  bodyBytesMax: 64 * 1024 * 1024,
  connectionsMax: 8,
};
/** Octez closes kept-alive connections without announcing it: one more try, on a new one. */
const RETRIES_MAX = 1;
const RETRY_DELAY_MS = 20;

/**
 * Reads from one node, a bounded number at once, each tried again when its connection broke.
 * Every read throws a {@link NodeError}.
 * @param url the node's RPC address, such as `http://localhost:8732`
 * @throws NodeError `unreachable` when `url` is no HTTP address
 */
export function coldReads(url: string, limits: Partial<RequestLimits> = {}): ColdReads {
  const base = httpUrl(url);
  const all = { ...DEFAULT_LIMITS, ...limits };
  const backend = new UndiciBackend(base.origin, all);
  const client = new RpcClient(base.href, 'main', backend);
  const queue = new Bottleneck({ maxConcurrent: all.connectionsMax });
  const read = <Answer>(request: () => Promise<Answer>): Promise<Answer> =>
    queue.schedule(() =>
      pRetry(request, {
        retries: RETRIES_MAX,
        minTimeout: RETRY_DELAY_MS,
        shouldRetry: ({ error }) => error instanceof NodeError && error.code === 'unreachable',
      }),
    );
  const blocks = `${base.href.replace(/\/$/, '')}/chains/main/blocks`;
  return {
    block: block => read(() => client.getBlock({ block })),
    ofBlock: (block, path) => {
      const { pathname, searchParams } = new URL(path, 'http://path/');
      const query = Object.fromEntries(searchParams);
      return read(() => backend.createRequest({ url: `${blocks}/${block}${pathname}`, query }));
    },
    close: () => backend.close(),
  };
}

function httpUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol)) return parsed;
  throw new NodeError('unreachable', `${JSON.stringify(url)} is no http or https address`);
}
