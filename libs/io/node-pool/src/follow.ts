import { assert, instant, seededRandom, type Clock, type Instant } from '@meridian/prelude';
import type { Random } from '@meridian/prelude';
import { randomInt } from 'node:crypto';
import { addressOf } from './address.ts';
import { coldReads, type ColdReads } from './cold-reads.ts';
import { DEFAULT_LIMITS, type PoolLimits } from './limits.ts';
import { NodeStream, type StreamEvent } from './node-stream.ts';
import { STREAMS, type StreamName } from './streams.ts';

/** An edge node: the name under which it appears everywhere, and its RPC address. */
export type EdgeNode = { readonly name: string; readonly url: string };

/** What a node says or does, and when that reached us. Nothing in it has been verified. */
export type NodeMessage = StreamEvent & { readonly node: string; readonly at: Instant };

/** Transport from a number of edge nodes: it asks and listens, and can post nothing. */
export type NodeWatch = {
  readonly nodes: () => readonly EdgeNode[];
  /** Gives up a stream that is open or being opened, for a new one; one that waits for its time goes on waiting. */
  readonly restart: (node: string, stream: StreamName) => void;
  /**
   * A read that no vote waits for: the answer of `GET <path>` of one node.
   * @throws NodeError
   */
  readonly read: (node: string, path: string) => Promise<unknown>;
  /** Ends every connection at once; nothing is said from here on, and what is under way fails. */
  readonly close: () => Promise<void>;
};

/** What a pool is made of; `limits` overrides single defaults. */
export type NodePoolOptions = {
  readonly nodes: readonly EdgeNode[];
  readonly limits?: Partial<PoolLimits>;
  readonly clock?: Clock;
  /** Spreads the pauses between attempts. */
  readonly random?: Random;
};

type Parts = {
  readonly streams: Readonly<Record<StreamName, NodeStream>>;
  readonly reads: ColdReads;
};

/**
 * Follows all streams of all nodes, for as long as it is open, and tells `listener` in the order of arrival. What the
 * listener throws is not caught: it ends the process like any other mistake.
 * @throws NodeError `unreachable` when the url of a node is no HTTP address
 */
export function followNodes(
  { nodes, limits = {}, clock = systemClock, random = freshRandom() }: NodePoolOptions,
  listener: (message: NodeMessage) => void,
): NodeWatch {
  const names = nodes.map(({ name }) => name);
  assert(new Set(names).size === names.length, 'every node has a name of its own');
  const addresses = nodes.map(({ name, url }) => ({ name, url, address: addressOf(url) }));
  const all = { ...DEFAULT_LIMITS, ...limits };
  const parts = new Map<string, Parts>(
    addresses.map(({ name, url, address }) => {
      const say = (event: StreamEvent): void =>
        tell(listener, { ...event, node: name, at: clock() });
      const streamOf = (stream: StreamName): NodeStream =>
        new NodeStream({ address, stream, limits: all, clock, random }, say);
      const streams = {
        validated_blocks: streamOf('validated_blocks'),
        heads: streamOf('heads'),
        operations: streamOf('operations'),
      };
      return [name, { streams, reads: coldReads(url, all.reads) }];
    }),
  );
  const of = (node: string): Parts => {
    const found = parts.get(node);
    assert(found !== undefined, `a node of the pool is asked for, not ${JSON.stringify(node)}`);
    return found;
  };
  return {
    nodes: () => nodes,
    restart: (node, stream) => of(node).streams[stream].restart(),
    read: (node, path) => of(node).reads.get(path),
    close: async () => {
      await Promise.all([...parts.values()].flatMap(closing));
    },
  };
}

function closing({ streams, reads }: Parts): readonly Promise<void>[] {
  const following = Object.keys(STREAMS).map(name => streams[name as StreamName].close());
  return [...following, reads.close()];
}

/** A mistake in the listener is not taken for one of the node, and breaks no stream. */
function tell(listener: (message: NodeMessage) => void, message: NodeMessage): void {
  try {
    listener(message);
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}

/** The time of this machine, where nobody gives another. */
export const systemClock: Clock = () => instant(Date.now());

function freshRandom(): Random {
  return seededRandom(randomInt(2 ** 32));
}
