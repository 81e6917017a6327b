import { duration, instant, later } from '@meridian/prelude';
import type { ChainId } from '@meridian/tezos';
import { checkJobs, newView, stepView, type Findings } from './index.ts';
import type { NodeWord, Topic, Verifier, ViewEffect, ViewEvent, ViewState } from './index.ts';
import type { ViewStream } from './index.ts';

/*
 * For tests: nodes that tell a view, in virtual time, what happened on a chain, and what ails them.
 */

/** When a story begins. */
export const GENESIS = instant(1_800_000_000_000);
/** How often a view is told the time. */
const TICK_MS = 250;
const STREAMS = ['validated_blocks', 'heads', 'operations'] as const;
/** Who signed is not asked here. */
const TRUSTING: Verifier = { verify: () => true, verifyAggregate: () => true };

type Item = Extract<NodeWord, { readonly kind: 'block' | 'operations' }>;

/** What happened on a chain, as the streams of a node tell it, and what nodes answer. */
export type Story = {
  readonly chainId: ChainId;
  readonly events: readonly { readonly atMs: number; readonly word: Item }[];
  readonly answer: (topic: Topic) => unknown;
};

/** What is the matter with a node from some time on. */
export type Ailment = {
  readonly node: string;
  readonly fromMs: number;
  readonly untilMs?: number;
  /** Streams are silent until they are opened anew, or whatever is done. */
  readonly kind: 'half_open' | 'silent';
  /** Only these streams; all, and what the node is asked, where this is left out. */
  readonly streams?: readonly ViewStream[];
};

/** How nodes tell a story. */
export type Telling = {
  readonly nodes: readonly string[];
  readonly ailments?: readonly Ailment[];
  /** How much later than it happened a node tells of anything. */
  readonly lagMs?: (node: string) => number;
  /** What else nodes say, at some millisecond of the story. */
  readonly more?: readonly {
    readonly atMs: number;
    readonly node: string;
    readonly word: NodeWord;
  }[];
  /** When the view begins to hear; nodes know all that happened before. */
  readonly fromMs?: number;
  /** Before that nobody answers to what rights there are. */
  readonly rightsFromMs?: number;
};

type Found = ViewEffect & { readonly atMs: number };
type Told =
  | ({ readonly node: string } & NodeWord)
  | { readonly kind: 'tick' }
  | { readonly kind: 'verified'; readonly batch: number; readonly findings: Findings };

/** Lets a view hear a story; restarts are carried out. What it finds comes with its millisecond. */
export function hearStory(story: Story, telling: Telling) {
  const { nodes, fromMs = 0, lagMs = () => 0, more = [] } = telling;
  const listener = new Listener(story, telling);
  const acts = [
    ...nodes.flatMap(node =>
      STREAMS.map(stream => ({ atMs: fromMs, act: () => listener.open(node, stream) })),
    ),
    ...story.events.flatMap(({ atMs, word }) =>
      nodes.map(node => ({ atMs: atMs + lagMs(node), act: () => listener.tell(node, word) })),
    ),
    ...more.map(({ atMs, node, word }) => ({ atMs, act: () => listener.hear({ node, ...word }) })),
  ];
  const lastMs = Math.max(...acts.map(({ atMs }) => atMs));
  for (let atMs = fromMs + TICK_MS; atMs <= lastMs; atMs += TICK_MS)
    acts.push({ atMs, act: () => listener.hear({ kind: 'tick' }) });
  for (const { atMs, act } of acts.sort((one, other) => one.atMs - other.atMs)) {
    listener.ms = atMs;
    act();
  }
  return listener;
}

class Listener {
  ms = 0;
  state: ViewState;
  readonly #story: Story;
  readonly #telling: Telling;
  readonly #found: Found[] = [];
  /** When each stream was opened last. */
  readonly #opened = new Map<string, number>();
  /** The last header of each node. */
  readonly #heads = new Map<string, object>();

  constructor(story: Story, telling: Telling) {
    this.#story = story;
    this.#telling = telling;
    const quorum = Math.floor(telling.nodes.length / 2) + 1;
    this.state = newView({ chainId: story.chainId, keys: new Set(), quorum });
  }

  of<Kind extends ViewEffect['kind']>(kind: Kind) {
    return this.#found.filter(
      (each): each is Extract<Found, { readonly kind: Kind }> => each.kind === kind,
    );
  }

  hear(told: Told): void {
    const event: ViewEvent = { ...told, at: later(GENESIS, duration(this.ms)) };
    const [next, effects] = stepView(this.state, TRUSTING, event);
    this.state = next;
    for (const effect of effects) {
      this.#found.push({ ...effect, atMs: this.ms });
      if (effect.kind === 'restart') this.open(effect.node, effect.stream);
      if (effect.kind === 'verify') {
        const findings = checkJobs(TRUSTING, effect.jobs);
        this.hear({ kind: 'verified', batch: effect.batch, findings });
      }
      if (effect.kind !== 'read') continue;
      for (const node of this.#telling.nodes) this.#answer(node, effect.topic);
    }
  }

  open(node: string, stream: ViewStream): void {
    this.#opened.set(`${node} ${stream}`, this.ms);
    this.hear({ node, kind: 'stream', stream, state: 'opening' });
    if (!this.#ails(node, stream)) this.hear({ node, kind: 'stream', stream, state: 'open' });
  }

  tell(node: string, word: Item): void {
    const stream = word.kind === 'block' ? word.stream : 'operations';
    if (stream === 'heads' && word.kind === 'block') this.#heads.set(node, word.item as object);
    if (this.ms < (this.#telling.fromMs ?? 0)) return;
    if (!this.#ails(node, stream)) this.hear({ node, ...word });
    // As the node does at each new head.
    if (stream === 'heads' && !this.#ails(node, 'operations')) this.open(node, 'operations');
  }

  #answer(node: string, topic: Topic): void {
    if (topic.kind === 'rights' && this.ms < (this.#telling.rightsFromMs ?? 0)) return;
    const value = this.#story.answer(topic);
    if (this.#ails(node, undefined)) this.hear({ node, kind: 'unanswered', topic });
    else if (topic.kind !== 'chain') this.hear({ node, kind: 'answer', topic, value });
    else {
      const { chain_id, protocol } = value as Readonly<Record<string, unknown>>;
      const head = { chain_id, protocol, ...this.#heads.get(node) };
      this.hear({ node, kind: 'answer', topic, value: head });
    }
  }

  #ails(node: string, stream: ViewStream | undefined): boolean {
    const { ailments = [] } = this.#telling;
    return ailments.some(({ node: who, fromMs, untilMs = Infinity, kind, streams }) => {
      const isNow = who === node && this.ms >= fromMs && this.ms < untilMs;
      const isMeant = streams === undefined || (stream !== undefined && streams.includes(stream));
      const isRenewed = (this.#opened.get(`${node} ${stream ?? ''}`) ?? 0) > fromMs;
      return isNow && isMeant && !(kind === 'half_open' && isRenewed);
    });
  }
}
