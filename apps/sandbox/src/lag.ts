import type { ChainEvent } from '@meridian/sandbox-chain';

/** Holds back what a node that is behind does not know yet. */
export type Lag = {
  /** What the node hears now, once these have happened. */
  readonly after: (events: readonly ChainEvent[]) => readonly ChainEvent[];
};

/** A lag of so many levels at the moment; 0 lets everything go on. */
export function lagOf(levels: () => number): Lag {
  const held: ChainEvent[] = [];
  let newest = 0;
  return {
    after: events => {
      held.push(...events);
      for (const event of events) newest = Math.max(newest, levelOf(event));
      const known = newest - levels();
      const next = held.findIndex(event => levelOf(event) > known);
      return held.splice(0, next < 0 ? held.length : next);
    },
  };
}

/** The level of a block, or the one that is voted on. */
function levelOf(event: ChainEvent): number {
  if (event.kind !== 'operation') return event.block.level;
  const [content] = event.operation.value.contents;
  return 'level' in content ? content.level : 0;
}
