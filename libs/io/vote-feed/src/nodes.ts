import { pathOf, type Topic } from '@meridian/chain-view';
import type { NodeMessage, NodeWatch } from '@meridian/node-pool';
import type { Clock } from '@meridian/prelude';
import type { LineEvent } from '@meridian/vote-line';

/** What a message of a node is to the line; undefined for what only the log is told. */
export function wordOf(message: NodeMessage): LineEvent | undefined {
  const { node, at } = message;
  switch (message.kind) {
    case 'validated':
      return { kind: 'block', node, at, stream: 'validated_blocks', item: message.block };
    case 'head':
      return { kind: 'block', node, at, stream: 'heads', item: message.header };
    case 'operations':
      return { kind: 'operations', node, at, items: message.operations };
    case 'stream-open':
      return { kind: 'stream', node, at, stream: message.stream, open: true };
    case 'stream-closed':
      return { kind: 'stream', node, at, stream: message.stream, open: false };
    case 'fault':
      return undefined;
  }
}

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
