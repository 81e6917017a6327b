import { pathOf, type StreamState, type Topic } from '@meridian/chain-view';
import type { CloseReason, NodeMessage, NodeWatch } from '@meridian/node-pool';
import type { Clock } from '@meridian/prelude';
import type { LineEvent } from '@meridian/vote-line';

/** What a message of a node is to the line. */
export function wordOf(message: NodeMessage): LineEvent {
  const { node, at } = message;
  switch (message.kind) {
    case 'validated':
      return { kind: 'block', node, at, stream: 'validated_blocks', item: message.block };
    case 'head':
      return { kind: 'block', node, at, stream: 'heads', item: message.header };
    case 'operations':
      return { kind: 'operations', node, at, items: message.operations };
    case 'stream-opening':
    case 'stream-open':
    case 'stream-closed':
    case 'fault':
      return { kind: 'stream', node, at, stream: message.stream, state: stateAfter(message) };
  }
}

/** How a stream is after that. */
function stateAfter(message: Extract<NodeMessage, { readonly stream: string }>): StreamState {
  switch (message.kind) {
    case 'stream-opening':
      return 'opening';
    case 'stream-open':
      return 'open';
    case 'stream-closed':
      return AFTER[message.reason];
    case 'fault':
      return message.code === 'refused' ? 'refused' : 'failing';
  }
}

const AFTER = {
  ended: 'opening',
  restarted: 'opening',
  lost: 'failing',
  rubbish: 'failing',
} as const satisfies Readonly<Record<CloseReason, StreamState>>;

/** Asks all nodes; each answer becomes an event, and so does each failure. */
export function readAll(
  pool: Pick<NodeWatch, 'nodes' | 'read'>,
  clock: Clock,
  topic: Topic,
  hear: (event: LineEvent) => void,
): void {
  for (const { name: node } of pool.nodes()) {
    pool.read(node, pathOf(topic)).then(
      value => hear({ kind: 'answer', node, at: clock(), topic, value }),
      () => hear({ kind: 'unanswered', node, at: clock(), topic }),
    );
  }
}
