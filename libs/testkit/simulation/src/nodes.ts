import type { Topic, ViewStream } from '@meridian/chain-view';
import { duration, later as plus, type Clock, type Random } from '@meridian/prelude';
import { createNode, lensOf, type ChainEvent, type SandboxChain } from '@meridian/sandbox-chain';
import type { LineEvent } from '@meridian/vote-line';
import { EdgeNode, type PlacedVote, type Quality } from './edge-node.ts';
import { NODES } from './options.ts';
import { areMostWell, type Plan } from './plan.ts';

const MESSAGE_MS_MAX = 30;
/** How late a message is that others overtake. */
const LATE_MS_MAX = 400;
/** A node is asked again until the round after next, which is so far away where the first lasts a second. */
const AGAIN_MS_MAX = 3_000;
/** Within this after a block, what a node suffers from begins and ends. */
const STRIKE_MS_MAX = 1_000;
/** Texts whose values are kept: nodes say the same at about the same time. */
const TEXTS_MAX = 512;

/** What the endorser's nodes do with its messages and for it. */
export type Nodes = {
  /** What happened on the chain reaches the endorser through each node, in its own time. */
  readonly spread: (events: readonly ChainEvent[]) => void;
  /** Asks every node. */
  readonly read: (topic: Topic) => void;
  /** Gives a vote to every node. */
  readonly inject: (vote: PlacedVote) => void;
  /** A stream that the line has given up is opened anew. */
  readonly restart: (node: string, stream: ViewStream) => Promise<void>;
  /** A process that begins opens all streams. */
  readonly restartAll: () => Promise<void>;
  /** How many copies of votes ended so, by the class of the last answer. */
  readonly receipts: () => Readonly<Record<string, number>>;
};

/** What nodes are made of. */
export type NodesOptions = {
  readonly chain: SandboxChain;
  readonly plan: Plan;
  readonly random: Random;
  readonly now: Clock;
  readonly later: (ms: number, act: () => void | Promise<void>) => void;
  readonly hear: (event: LineEvent, isTrue: boolean) => Promise<void>;
};

/** Five nodes, each with what it suffers from; all that lie are one liar. */
export function createNodes(options: NodesOptions): Nodes {
  const { chain, plan, now, later, random } = options;
  const lens = lensOf(chain);
  lens.lie(true);
  const liar = createNode(lens.chain, { name: 'liar', now });
  const hasLiars = plan.spells.some(({ ailment }) => ailment.kind === 'lying');
  const quality = qualityOf(options);
  const parse = parser();
  const nodes = Array.from({ length: NODES }, (_, at) => {
    const name = `node${(at + 1).toString()}`;
    return new EdgeNode({ ...options, name, liar, quality, parse });
  });
  const receipts: Record<string, number> = {};
  let struckAt: number | undefined;
  const strike = (level: number): void => {
    if (level === struckAt) return;
    const isFirst = struckAt === undefined;
    struckAt = level;
    nodes.forEach((node, at) => {
      const due = ({ node: of, from, to }: Plan['spells'][number]): boolean =>
        of === at + 1 && level >= from && level < to;
      const ailment = plan.spells.find(due)?.ailment;
      if (isFirst) node.suffer(ailment);
      else if (plan.spells.length > 0) {
        later(random.whole(STRIKE_MS_MAX), () => node.suffer(ailment));
      }
    });
  };
  strike(chain.head().level);
  return {
    spread: events => {
      strike(chain.head().level);
      if (hasLiars) liar.deliver(lens.events(events));
      for (const node of nodes) node.deliver(events);
    },
    read: topic => {
      for (const node of nodes) node.read(topic);
    },
    inject: vote => {
      const until = plus(now(), duration(AGAIN_MS_MAX));
      for (const node of nodes) {
        void node.inject(vote, until).then(({ class: outcome, tries }) => {
          const name = outcome === 'known' && tries > 1 ? 'known_later' : outcome;
          receipts[name] = (receipts[name] ?? 0) + 1;
        });
      }
    },
    restart: async (name, stream) => {
      await nodes.find(node => node.name === name)?.restart(stream);
    },
    restartAll: async () => {
      for (const node of nodes) await node.restartAll();
    },
    receipts: () => receipts,
  };
}

function qualityOf({ plan, random, chain }: NodesOptions): Quality {
  const happens = (percent: number): boolean => percent > 0 && random.whole(100) < percent;
  return {
    latencyMs: () => 1 + random.whole(MESSAGE_MS_MAX),
    overtakenMs: () => (happens(plan.reorderedPercent) ? random.whole(LATE_MS_MAX) : 0),
    isLost: () => happens(plan.lostPercent) && areMostWell(plan.spells, chain.head().level),
    isTwice: () => happens(plan.duplicatedPercent),
  };
}

function parser(): (text: string) => unknown {
  const known = new Map<string, unknown>();
  return text => {
    if (known.has(text)) return known.get(text);
    const value = JSON.parse(text) as unknown;
    known.set(text, value);
    for (const old of known.keys()) {
      if (known.size <= TEXTS_MAX) break;
      known.delete(old);
    }
    return value;
  };
}
