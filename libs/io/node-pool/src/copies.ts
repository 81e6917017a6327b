import type { Urgency } from './injector.ts';

/** Does something once what has come in meanwhile was heard. */
export type NextTurn = (act: () => void) => void;

/** In which order the copies of operations go to the nodes. */
export type Copies<Node> = {
  /** The first copy goes at once, to another node each time; the others in turns, the second of each before any third. */
  readonly send: (nodes: readonly Node[], post: (node: Node, urgency: Urgency) => void) => void;
};

/**
 * Spreads the copies of many operations: none waits behind the fifth copies of others, neither here nor at a node.
 * @param isReady whether a node would be written to at once and answers; one that is not ready is not the first
 * @param copiesATurn how many copies go out before new operations are heard of
 */
export function newCopies<Node>(
  isReady: (node: Node) => boolean,
  copiesATurn: number,
  nextTurn: NextTurn = setImmediate,
): Copies<Node> {
  let sent = 0;
  let isTurnDue = false;
  /** By rank, the first copies apart, which never wait. */
  const waiting: (() => void)[][] = [];
  const callTurn = (): void => {
    if (isTurnDue || waiting.every(({ length }) => length === 0)) return;
    isTurnDue = true;
    nextTurn(turn);
  };
  const turn = (): void => {
    isTurnDue = false;
    let left = copiesATurn;
    for (const ofRank of waiting) {
      const now = ofRank.splice(0, left);
      left -= now.length;
      for (const post of now) post();
    }
    callTurn();
  };
  return {
    send: (nodes, post) => {
      const turned = rotated(nodes, sent);
      sent += 1;
      const start = turned.findIndex(isReady);
      rotated(turned, Math.max(0, start)).forEach((node, rank) => {
        if (rank === 0) post(node, 'first');
        else (waiting[rank - 1] ??= []).push(() => post(node, 'further'));
      });
      callTurn();
    },
  };
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
