import { err, ok, type Result } from '@meridian/prelude';
import type { ChainBlock, ChainEvent, ChainOperation } from '../contract.ts';
import { blockItem, headItem } from './block-json.ts';
import type { Protocol } from '@meridian/tezos';
import { eraAt, isMigration } from '../eras.ts';
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

/** What a stream of blocks sends. */
type BlockStream = {
  readonly at: 'validated' | 'head';
  readonly text: (block: ChainBlock) => string;
  readonly beginsAtHead: boolean;
};

const never = (): boolean => false;

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
    filters: Filters,
    kind: BlockStream,
  ): Result<StreamAnswer, Answer> => {
    const wanted = wantsBlocks(view, query, filters);
    if (!wanted.ok) return wanted;
    const wants = wanted.value;
    return ok(
      open({
        first: () => (kind.beginsAtHead && wants(view.head()) ? kind.text(view.head()) : null),
        item: event =>
          event.kind === kind.at && wants(event.block) ? kind.text(event.block) : null,
        endsAt: never,
      }),
    );
  };
  return {
    heads: query =>
      blocks(query, PROTOCOLS_OF_BLOCK, { at: 'head', text: texts.head, beginsAtHead: true }),
    validatedBlocks: query =>
      blocks(query, PROTOCOLS_BEFORE_APPLICATION, {
        ...{ at: 'validated', text: texts.block, beginsAtHead: false },
      }),
    appliedBlocks: query =>
      blocks(query, PROTOCOLS_OF_BLOCK, { at: 'head', text: texts.block, beginsAtHead: false }),
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
  readonly operation: (protocol: Protocol, operation: ChainOperation) => string;
};

/** Texts for all nodes of one chain. */
export function streamTexts(view: Pick<NodeView, 'chain'>): StreamTexts {
  const operations = memo((protocol: Protocol) =>
    memo((operation: ChainOperation) => JSON.stringify(monitoredOperation(protocol, operation))),
  );
  return {
    head: memo(block => line(headItem(block))),
    block: memo(block => line(blockItem(view, block))),
    operation: (protocol, operation) => operations(protocol)(operation),
  };
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** What each filter of a query compares with, at a block; null passes no filter. */
type Filters = Readonly<Record<string, (view: NodeView, block: ChainBlock) => string | null>>;

/** Source: monitor_directory.ml, of heads and applied blocks. */
const PROTOCOLS_OF_BLOCK: Filters = {
  protocol: ({ chain }, { level }) => eraAt(chain.options, level).protocol.hash,
  next_protocol: ({ chain }, { level }) => eraAt(chain.options, level + 1).protocol.hash,
};

/**
 * Before a migration block is applied nobody knows what protocol it brings, so none is asked for; `protocol` is taken
 * and not looked at. Source: monitor_directory.ml, of validated blocks.
 */
const PROTOCOLS_BEFORE_APPLICATION: Filters = {
  next_protocol: ({ chain }, { level }) =>
    isMigration(chain.options, level) ? null : eraAt(chain.options, level + 1).protocol.hash,
};

/** Which blocks pass the filters of a request. */
function wantsBlocks(
  view: NodeView,
  query: URLSearchParams,
  filters: Filters,
): Result<(block: ChainBlock) => boolean, Answer> {
  const chain = chainIn(query);
  if (!chain.ok) return chain;
  const isOther = chain.value !== null && !['main', view.chain.chainId].includes(chain.value);
  const wanted = new Map<string, readonly string[]>();
  for (const name of ['protocol', 'next_protocol']) {
    const protocols = protocolsIn(query, name);
    if (!protocols.ok) return err(protocols.error);
    if (protocols.value.length > 0) wanted.set(name, protocols.value);
  }
  return ok(
    block =>
      !isOther &&
      Object.entries(filters).every(([name, of]) => {
        const among = wanted.get(name);
        return among === undefined || among.includes(of(view, block) ?? '');
      }),
  );
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
    `[${operations.map(each => texts.operation(view.era.protocol, each)).join(',')}]\n`;
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
