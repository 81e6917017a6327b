import { pathOf, type NodeWord, type Topic } from '@meridian/chain-view';
import type { Clock, Random } from '@meridian/prelude';
import { createNode, lensOf, type ChainEvent, type SandboxChain } from '@meridian/sandbox-chain';
import type { SandboxNode } from '@meridian/sandbox-chain';
import { fromHex, type ChainId } from '@meridian/tezos';
import { NODES, type Spell } from './options.ts';
import type { Plan } from './plan.ts';

const MESSAGE_MS_MAX = 30;
/** How late a message is that others overtake. */
const LATE_MS_MAX = 400;

/** What the endorser's nodes do with its messages and for it. */
export type Nodes = {
  /** What happened on the chain reaches the endorser through each node, in its own time. */
  readonly spread: (events: readonly ChainEvent[]) => void;
  /** Asks every node. */
  readonly read: (topic: Topic) => void;
  /** Gives an operation in hexadecimal to every node. */
  readonly inject: (operation: string) => void;
  /** How many nodes are there and say the truth now. */
  readonly honest: () => number;
};

/** What nodes are made of. */
export type NodesOptions = {
  readonly chain: SandboxChain;
  readonly plan: Plan;
  readonly random: Random;
  readonly now: Clock;
  readonly later: (ms: number, act: () => void | Promise<void>) => void;
  readonly hear: (word: NodeWord & { readonly node: string }) => Promise<void>;
};

/** Five nodes: those that lie are one liar, the others one honest node, heard over lines of their own. */
export function createNodes(options: NodesOptions): Nodes {
  const { chain, plan, random, later } = options;
  const { chainId } = chain;
  const { honest, liar, lens } = bothKinds(options);
  const within = (spells: readonly Spell[], node: number): boolean => {
    const { level } = chain.head();
    return spells.some(each => each.node === node && level >= each.from && level < each.to);
  };
  const isSilent = (node: number): boolean => within(plan.silent, node);
  const isLying = (node: number): boolean => within(plan.lying, node);
  const happens = (percent: number): boolean => percent > 0 && random.whole(100) < percent;
  /** Sends something over a line that may be bad. */
  const send = (act: () => void | Promise<void>): void => {
    const times = happens(plan.duplicatedPercent) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const late = happens(plan.reorderedPercent) ? random.whole(LATE_MS_MAX) : 0;
      later(1 + random.whole(MESSAGE_MS_MAX) + late, act);
    }
  };
  const tell = (node: number, word: NodeWord): void => {
    // What is read comes over a client that notices a loss and asks again; an item of a stream is gone.
    const mayBeLost = word.kind !== 'answer' && honestCount() > NODES / 2;
    if (mayBeLost && happens(plan.lostPercent)) return;
    send(() => options.hear({ ...word, node: `node${node.toString()}` }));
  };
  const everyNode = (visit: (node: number, lies: boolean) => void): void => {
    for (let node = 1; node <= NODES; node += 1) if (!isSilent(node)) visit(node, isLying(node));
  };
  const honestCount = (): number => {
    let count = 0;
    everyNode((_, isLiar) => (count += isLiar ? 0 : 1));
    return count;
  };
  return {
    spread: events => {
      honest.deliver(events);
      for (const event of events) {
        const truth = wordOf(event, chainId);
        const lies = plan.lying.length > 0 ? lens.events([event]) : [];
        liar.deliver(lies);
        const told = lies.map(lie => wordOf(lie, chainId)).filter(word => word !== undefined);
        everyNode((node, isLiar) => {
          if (isLiar) for (const word of told) tell(node, word);
          else if (truth !== undefined) tell(node, truth);
        });
      }
    },
    read: topic => {
      const answers = new Map<SandboxNode, unknown>();
      everyNode((node, isLiar) => {
        const of = isLiar ? liar : honest;
        if (!answers.has(of)) answers.set(of, answerOf(of, topic));
        const value = answers.get(of);
        if (value !== undefined) tell(node, { kind: 'answer', topic, value });
      });
    },
    inject: operation => {
      const bytes = fromHex(operation);
      everyNode((_, isLiar) => {
        if (!isLiar) send(() => void chain.inject(options.now(), bytes));
      });
    },
    honest: honestCount,
  };
}

function bothKinds({ chain, now }: NodesOptions) {
  const lens = lensOf(chain);
  lens.lie(true);
  return {
    lens,
    honest: createNode(chain, { name: 'honest', now }),
    liar: createNode(lens.chain, { name: 'liar', now }),
  };
}

function answerOf(node: SandboxNode, topic: Topic): unknown {
  const [path = '', query = ''] = pathOf(topic).split('?');
  const reply = node.handle({ method: 'GET', path, query: new URLSearchParams(query), body: '' });
  if ('stream' in reply || reply.status !== 200) return undefined;
  return JSON.parse(reply.body) as unknown;
}

/** What a node's streams say of an event; heads are not listened to. */
function wordOf(event: ChainEvent, chainId: ChainId): NodeWord | undefined {
  if (event.kind === 'operation') return { kind: 'operations', items: [event.operation.value] };
  if (event.kind === 'head') return undefined;
  const { hash, header, operations } = event.block;
  const passes = operations.map(pass => pass.map(({ value }) => value));
  const item = { chain_id: chainId, hash, header, operations: passes };
  return { kind: 'block', stream: 'validated_blocks', item };
}
