import { err, ok, type Result } from '@meridian/prelude';
import type { ChainBlock, ChainEvent, ChainOperation } from '../contract.ts';
import { blockItem, headItem } from './block-json.ts';
import { memo } from '../memo.ts';
import { monitoredOperation } from './operation-json.ts';
import { chainIn, flagIn, protocolsIn } from './query.ts';
import { stream, type Answer, type StreamAnswer } from './reply.ts';
import type { NodeView } from './view.ts';

/** Streams that are open at one node. */
const SUBSCRIPTIONS_MAX = 1_024;

/** What one kind of stream sends. */
type StreamKind = {
  /** What comes at once; null when nothing does. */
  readonly first: () => string | null;
  /** The item of an event; null when the event is none of its business. */
  readonly item: (event: ChainEvent) => string | null;
  /** Whether the node closes the stream at this event. */
  readonly endsAt: (event: ChainEvent) => boolean;
};

/** The streams of one node. */
export type Monitors = {
  readonly heads: (query: URLSearchParams) => Result<StreamAnswer, Answer>;
  readonly validatedBlocks: (query: URLSearchParams) => Result<StreamAnswer, Answer>;
  readonly appliedBlocks: (query: URLSearchParams) => Result<StreamAnswer, Answer>;
  readonly bootstrapped: () => StreamAnswer;
  readonly operations: (query: URLSearchParams) => StreamAnswer;
  /** Tells every open stream. */
  readonly tell: (event: ChainEvent) => void;
};

const never = (): boolean => false;
const nothing = (): null => null;

/** The streams over what a node knows; their texts are made once for all who listen. */
export function createMonitors(view: NodeView, texts: StreamTexts): Monitors {
  const listeners = new Set<(event: ChainEvent) => void>();
  const open = (kind: StreamKind): StreamAnswer =>
    stream((push, end) => {
      if (listeners.size >= SUBSCRIPTIONS_MAX) {
        end();
        return () => undefined;
      }
      const listener = (event: ChainEvent): void => {
        const item = kind.item(event);
        if (item !== null) push(item);
        if (!kind.endsAt(event)) return;
        listeners.delete(listener);
        end();
      };
      listeners.add(listener);
      const first = kind.first();
      if (first !== null) push(first);
      return () => void listeners.delete(listener);
    });
  const blocks = (
    query: URLSearchParams,
    kind: Omit<StreamKind, 'endsAt'>,
  ): Result<StreamAnswer, Answer> => {
    const wanted = wantsBlocks(view, query);
    if (!wanted.ok) return wanted;
    const silent = { first: nothing, item: nothing };
    return ok(open({ ...(wanted.value ? kind : silent), endsAt: never }));
  };
  return {
    heads: query =>
      blocks(query, {
        first: () => texts.head(view.head()),
        item: event => (event.kind === 'head' ? texts.head(event.block) : null),
      }),
    validatedBlocks: query =>
      blocks(query, {
        first: nothing,
        item: event => (event.kind === 'validated' ? texts.block(event.block) : null),
      }),
    appliedBlocks: query =>
      blocks(query, {
        first: nothing,
        item: event => (event.kind === 'head' ? texts.block(event.block) : null),
      }),
    bootstrapped: () => bootstrapped(view),
    operations: query => open(operationStream(view, query, texts)),
    tell: event => {
      for (const listener of [...listeners]) listener(event);
    },
  };
}

/** The texts of items, each made once however many nodes and streams send it. */
export type StreamTexts = {
  readonly head: (block: ChainBlock) => string;
  readonly block: (block: ChainBlock) => string;
  readonly operation: (operation: ChainOperation) => string;
};

/** Texts for all nodes of one chain. */
export function streamTexts(view: Pick<NodeView, 'chain' | 'protocol'>): StreamTexts {
  return {
    head: memo(block => line(headItem(block))),
    block: memo(block => line(blockItem(view, block))),
    operation: memo(operation => JSON.stringify(monitoredOperation(view, operation))),
  };
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** Whether blocks of our one protocol and chain pass the filters of a request. */
function wantsBlocks(view: NodeView, query: URLSearchParams): Result<boolean, Answer> {
  const chain = chainIn(query);
  if (!chain.ok) return chain;
  if (chain.value !== null && !['main', view.chain.chainId].includes(chain.value)) return ok(false);
  for (const name of ['protocol', 'next_protocol']) {
    const protocols = protocolsIn(query, name);
    if (!protocols.ok) return err(protocols.error);
    if (protocols.value.length > 0 && !protocols.value.includes(view.protocol.hash)) {
      return ok(false);
    }
  }
  return ok(true);
}

/** One item, then the end: the sandbox is always in step with itself. */
function bootstrapped(view: NodeView): StreamAnswer {
  return stream((push, end) => {
    const { hash, header } = view.head();
    push(line({ block: hash, timestamp: header.timestamp }));
    end();
    return () => undefined;
  });
}

/** Closed by the node at each new head, as the mempool is sorted anew then. */
function operationStream(view: NodeView, query: URLSearchParams, texts: StreamTexts): StreamKind {
  const passes = query.getAll('validation_pass').map(Number);
  const wanted = (operation: ChainOperation): boolean =>
    flagIn(query, 'validated', true) && (passes.length === 0 || passes.includes(passOf(operation)));
  const array = (operations: readonly ChainOperation[]): string =>
    `[${operations.map(texts.operation).join(',')}]\n`;
  return {
    first: () => array(view.mempool().filter(wanted)),
    item: event =>
      event.kind === 'operation' && wanted(event.operation) ? array([event.operation]) : null,
    endsAt: event => event.kind === 'head',
  };
}

/** The validation pass of an operation: votes are in the first, denunciations in the third. */
export function passOf({ value }: ChainOperation): number {
  return value.contents[0].kind.endsWith('_evidence') ? 2 : 0;
}
