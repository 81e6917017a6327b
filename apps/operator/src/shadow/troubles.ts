import { NODE_FAULTS, pathOf } from '@meridian/chain-view';
import { STREAM_FAULTS, STREAMS, type NodeMessage } from '@meridian/node-pool';
import type { LineEffect, LineEvent } from '@meridian/vote-line';
import { printable } from '../printable.ts';

/** How often each trouble of each node was met, by node and code. */
export type Troubles = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Says what is wrong with nodes, each kind of trouble of each node once, and counts the rest. */
export type TroubleTeller = {
  readonly ofNode: (message: NodeMessage) => void;
  readonly ofLine: (event: LineEvent, effects: readonly LineEffect[]) => void;
  /** Something that a node said is not believed. */
  readonly disbelieved: (node: string, code: string, meaning: string) => void;
  /** A node does not answer a question. */
  readonly unanswered: (node: string, about: string, path: string) => void;
  readonly counts: () => Troubles;
};

/** Answers that say that asking is no use: the ACL of the node. */
const FORBIDDEN: readonly (number | undefined)[] = [401, 403];

/** Questions about one topic that a node leaves open in a row; rights of a cycle to come may be a moment too early. */
const UNANSWERED_MAX = 3;

export function troubleTeller(say: (line: string) => void): TroubleTeller {
  const counts = new Map<string, Map<string, number>>();
  const tell = (node: string, code: string, words: string): void => {
    const ofNode = counts.get(node) ?? new Map<string, number>();
    counts.set(node, ofNode);
    const count = ofNode.get(code) ?? 0;
    ofNode.set(code, count + 1);
    if (count === 0) say(`${node}: ${words}`);
  };
  const unanswered: TroubleTeller['unanswered'] = (node, about, path) =>
    tell(node, `unanswered ${about}`, `no answer about ${about}, such as ${path}`);
  const open = new Map<string, number>();
  const noteQuestion = (event: LineEvent): void => {
    if (event.kind !== 'answer' && event.kind !== 'unanswered') return;
    const { node, topic } = event;
    // A block that a liar made up is known to nobody else: that is no trouble of who does not answer.
    if ('hash' in topic) return;
    const name = `${node} ${topic.kind}`;
    const count = event.kind === 'answer' ? 0 : (open.get(name) ?? 0) + 1;
    open.set(name, count);
    if (count >= UNANSWERED_MAX) unanswered(node, topic.kind, pathOf(topic));
  };
  const disbelieved: TroubleTeller['disbelieved'] = (node, code, meaning) =>
    tell(node, code, `not believed: ${code}: ${meaning}`);
  return {
    ...{ disbelieved, unanswered },
    counts: () =>
      Object.fromEntries([...counts].map(([node, of]) => [node, Object.fromEntries(of)])),
    ofNode: message => {
      if (message.kind !== 'fault') return;
      const { node, stream, code, message: why, status } = message;
      const [path] = STREAMS[stream].path.split('?');
      const acl = FORBIDDEN.includes(status) ? '; its ACL has to allow this path' : '';
      const words = `${code}: ${STREAM_FAULTS[code]} (${printable(why)})${acl}`;
      tell(node, `${code} ${stream}`, `stream ${path ?? stream}: ${words}`);
    },
    ofLine: (event, effects) => {
      noteQuestion(event);
      for (const effect of effects) {
        if (effect.kind === 'fault')
          disbelieved(effect.node, effect.code, NODE_FAULTS[effect.code]);
      }
    },
  };
}
