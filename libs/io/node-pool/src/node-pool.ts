import {
  assert,
  elapsedMs,
  instant,
  seededRandom,
  type Clock,
  type Instant,
  type Random,
} from '@meridian/prelude';
import { randomInt } from 'node:crypto';
import { addressOf } from './address.ts';
import { coldReads, type ColdReads } from './cold-reads.ts';
import { newCopies, type Copies } from './copies.ts';
import { Injector } from './injector.ts';
import { DEFAULT_LIMITS, type PoolLimits } from './limits.ts';
import { NodeStream, type StreamEvent } from './node-stream.ts';
import { injectUntilTaken, newRests, type Again, type InjectionAnswer } from './reinjection.ts';
import { STREAMS, type StreamName } from './streams.ts';

/** An edge node: the name under which it appears everywhere, and its RPC address. */
export type EdgeNode = { readonly name: string; readonly url: string };

/** What a node says or does, and when that reached us. Nothing in it has been verified. */
export type NodeMessage = StreamEvent & { readonly node: string; readonly at: Instant };

/** What one node said to an operation; `tookMs` from the call to the answer. */
export type Receipt = InjectionAnswer & { readonly node: string; readonly tookMs: number };

/** A receipt of a node that took the operation. */
export type Acceptance = Receipt & { readonly ok: true };

/** When and to which node the last byte of a request was written. */
export type HandOver = { readonly node: string; readonly at: Instant };

/** An operation on its way to all nodes. No promise of it ever rejects. */
export type Injection = {
  /** The first node to which the operation was handed over; undefined when that was none. */
  readonly handedOver: Promise<HandOver | undefined>;
  /** The first node that took it; undefined, once all have answered, when that was none. */
  readonly firstAccepted: Promise<Acceptance | undefined>;
  /** What each node said first, in the order of the nodes; complete when the slowest has answered or run out of time. */
  readonly answers: Promise<readonly Receipt[]>;
  /** What each node said last: later than `answers` where a node was behind and was asked again. */
  readonly receipts: Promise<readonly Receipt[]>;
};

/** Transport to a number of edge nodes. */
export type NodePool = {
  readonly nodes: () => readonly EdgeNode[];
  /** Gives up a stream that is open or being opened, for a new one; one that waits for its time goes on waiting. */
  readonly restart: (node: string, stream: StreamName) => void;
  /**
   * Posts the bytes of a signed operation, in hex, to all nodes: to one at once, to the others as soon as the first
   * copies of whatever else is there are out. A node that is behind is asked again.
   * @param until when no node is asked again any more; undefined: each is asked once
   */
  readonly inject: (bytesHex: string, until?: Instant) => Injection;
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
  readonly injector: Injector;
  readonly reads: ColdReads;
};

/**
 * Follows all streams of all nodes, for as long as it is open, and tells `listener` in the order of arrival. What the
 * listener throws is not caught: it ends the process like any other mistake.
 * @throws NodeError `unreachable` when the url of a node is no HTTP address
 */
export function openNodePool(
  { nodes, limits = {}, clock = systemClock, random = freshRandom() }: NodePoolOptions,
  listener: (message: NodeMessage) => void,
): NodePool {
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
      return [
        name,
        { streams, injector: new Injector(address, all), reads: coldReads(url, all.reads) },
      ];
    }),
  );
  const copies = newCopies<Errand>(({ injector }) => injector.isReady(), all.copiesATurn);
  const rests = newRests();
  const of = (node: string): Parts => {
    const found = parts.get(node);
    assert(found !== undefined, `a node of the pool is asked for, not ${JSON.stringify(node)}`);
    return found;
  };
  return {
    nodes: () => nodes,
    restart: (node, stream) => of(node).streams[stream].restart(),
    inject: (bytesHex, until) =>
      injectAll(parts, copies, bytesHex, { until, clock, rest: rests.rest, limits: all }),
    read: (node, path) => of(node).reads.get(path),
    close: async () => {
      const closed = Promise.all([...parts.values()].flatMap(closing));
      rests.end();
      await closed;
    },
  };
}

function closing({ streams, injector, reads }: Parts): readonly Promise<void>[] {
  const following = Object.keys(STREAMS).map(name => streams[name as StreamName].close());
  return [...following, injector.close(), reads.close()];
}

/** An operation on its way to one node. */
type Errand = {
  readonly node: string;
  readonly injector: Injector;
  readonly answer: PromiseWithResolvers<Receipt>;
  readonly receipt: PromiseWithResolvers<Receipt>;
};

function injectAll(
  parts: ReadonlyMap<string, Parts>,
  copies: Copies<Errand>,
  bytesHex: string,
  again: Again,
): Injection {
  assert(/^([0-9a-f]{2})+$/i.test(bytesHex), 'an operation is bytes in hex');
  const body = Buffer.from(JSON.stringify(bytesHex));
  const { clock } = again;
  const startedAt = clock();
  const handedOver = Promise.withResolvers<HandOver | undefined>();
  const firstAccepted = Promise.withResolvers<Acceptance | undefined>();
  const errands = [...parts].map(([node, { injector }]): Errand => ({
    ...{ node, injector },
    ...{ answer: Promise.withResolvers(), receipt: Promise.withResolvers() },
  }));
  copies.send(errands, ({ node, injector, answer, receipt }, urgency) => {
    const receiptOf = (said: InjectionAnswer): Receipt => ({
      ...{ ...said, node },
      tookMs: elapsedMs(startedAt, clock()),
    });
    const sent = (): void => handedOver.resolve({ node, at: clock() });
    const tell = (said: InjectionAnswer): void => {
      const told = receiptOf(said);
      answer.resolve(told);
      if (told.ok) firstAccepted.resolve(told);
    };
    const last = injectUntilTaken(() => injector.post(body, urgency, sent), tell, again);
    receipt.resolve(last.then(receiptOf));
  });
  const receipts = Promise.all(errands.map(({ receipt }) => receipt.promise));
  // A promise keeps to its first answer, so these are for the case that there was none.
  void receipts.then(() => {
    handedOver.resolve(undefined);
    firstAccepted.resolve(undefined);
  });
  return {
    handedOver: handedOver.promise,
    firstAccepted: firstAccepted.promise,
    answers: Promise.all(errands.map(({ answer }) => answer.promise)),
    receipts,
  };
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

const systemClock: Clock = () => instant(Date.now());

function freshRandom(): Random {
  return seededRandom(randomInt(2 ** 32));
}
