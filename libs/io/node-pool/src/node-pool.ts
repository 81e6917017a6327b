import { assert, elapsedMs, type Instant } from '@meridian/prelude';
import { addressOf } from './address.ts';
import { newCopies, type Copies } from './copies.ts';
import { followNodes, systemClock, type NodeMessage, type NodePoolOptions } from './follow.ts';
import type { NodeWatch } from './follow.ts';
import { Injector } from './injector.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { injectUntilTaken, newRests, type Again, type InjectionAnswer } from './reinjection.ts';

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
export type NodePool = NodeWatch & {
  /**
   * Posts the bytes of a signed operation, in hex, to all nodes: to one at once, to the others as soon as the first
   * copies of whatever else is there are out. A node that is behind is asked again.
   * @param until when no node is asked again any more; undefined: each is asked once
   */
  readonly inject: (bytesHex: string, until?: Instant) => Injection;
};

/**
 * Follows all nodes, as {@link followNodes} does, and keeps connections ready to inject at each.
 * @throws NodeError `unreachable` when the url of a node is no HTTP address
 */
export function openNodePool(
  options: NodePoolOptions,
  listener: (message: NodeMessage) => void,
): NodePool {
  const { nodes, clock = systemClock } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const watch = followNodes(options, listener);
  const injectors = new Map(
    nodes.map(({ name, url }) => [name, new Injector(addressOf(url), limits)]),
  );
  const copies = newCopies<Errand>(({ injector }) => injector.isReady(), limits.copiesATurn);
  const rests = newRests();
  return {
    ...watch,
    inject: (bytesHex, until) =>
      injectAll(injectors, copies, bytesHex, { until, clock, rest: rests.rest, limits }),
    close: async () => {
      const ending = [...injectors.values()].map(injector => injector.close());
      const closed = Promise.all([watch.close(), ...ending]);
      rests.end();
      await closed;
    },
  };
}

/** An operation on its way to one node. */
type Errand = {
  readonly node: string;
  readonly injector: Injector;
  readonly answer: PromiseWithResolvers<Receipt>;
  readonly receipt: PromiseWithResolvers<Receipt>;
};

function injectAll(
  injectors: ReadonlyMap<string, Injector>,
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
  const errands = [...injectors].map(([node, injector]): Errand => ({
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
