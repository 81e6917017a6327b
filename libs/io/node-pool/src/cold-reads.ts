import { RpcClient } from '@taquito/rpc';
import Bottleneck from 'bottleneck';
import pRetry from 'p-retry';
import { addressOf } from './address.ts';
import { NodeError } from './errors.ts';
import { UndiciBackend, type RequestLimits } from './undici-backend.ts';

/** Reads that no vote waits for: whole blocks, rights of a past level, keys. */
export type ColdReads = {
  /** The answer of `GET /chains/main/blocks/<block>`, as the node gives it. */
  readonly block: (block: string) => Promise<unknown>;
  /** The answer of `GET /chains/main/blocks/<block>/<path>`. */
  readonly ofBlock: (block: string, path: string) => Promise<unknown>;
  /** The answer of `GET <path>`, such as `/chains/main/chain_id`. */
  readonly get: (path: string) => Promise<unknown>;
  readonly close: () => Promise<void>;
};

/** Limits that suit a whole mainnet block over a slow line. */
const DEFAULT_LIMITS: RequestLimits = {
  timeoutMs: 15_000,
  bodyBytesMax: 64 * 1024 * 1024,
  connectionsMax: 8,
  queuedMax: 1_000,
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
  const { href, origin, prefix } = addressOf(url);
  const all = { ...DEFAULT_LIMITS, ...limits };
  const backend = new UndiciBackend(origin, all);
  const client = new RpcClient(href, 'main', backend);
  const { read, stop } = boundedReads(all);
  const get = (path: string): Promise<unknown> =>
    read(() => backend.createRequest({ url: origin + prefix + path }));
  return {
    block: block => read(() => client.getBlock({ block })),
    ofBlock: (block, path) => get(`/chains/main/blocks/${block}/${path}`),
    get,
    close: async () => {
      stop();
      await backend.close();
    },
  };
}

type BoundedReads = {
  readonly read: <Answer>(request: () => Promise<Answer>) => Promise<Answer>;
  /** What waits fails as soon as its turn comes, which then takes no time. */
  readonly stop: () => void;
};

function boundedReads({ connectionsMax, queuedMax }: RequestLimits): BoundedReads {
  const queue = new Bottleneck({ maxConcurrent: connectionsMax });
  let pending = 0;
  let isStopped = false;
  return {
    read: async request => {
      if (pending >= connectionsMax + queuedMax) {
        throw new NodeError('timeout', `${queuedMax} reads of this node wait already`);
      }
      pending += 1;
      try {
        return await queue.schedule(() => {
          if (isStopped) throw new NodeError('unreachable', 'the reads of this node are closed');
          return pRetry(request, {
            retries: RETRIES_MAX,
            minTimeout: RETRY_DELAY_MS,
            shouldRetry: ({ error }) => error instanceof NodeError && error.code === 'unreachable',
          });
        });
      } finally {
        pending -= 1;
      }
    },
    stop: () => {
      isStopped = true;
    },
  };
}
