import { duration, later as plus, type Clock, type Instant, type Random } from '@meridian/prelude';
import { pathOf, type Topic } from '@meridian/chain-view';
import { DEFAULT_LIMITS, STREAMS, type StreamName } from '@meridian/node-pool';
import { failure, injectUntilTaken, readInjectionAnswer } from '@meridian/node-pool/rules';
import type { InjectionAnswer, InjectionOutcome } from '@meridian/node-pool/rules';
import { createNode, type ChainEvent, type ChainOperation } from '@meridian/sandbox-chain';
import type { SandboxChain, SandboxNode, Subscribe } from '@meridian/sandbox-chain';
import { round as roundOf, roundStart } from '@meridian/tezos';
import { wordOf } from '@meridian/vote-feed';
import type { LineEvent } from '@meridian/vote-line';
import type { Ailment } from './ailments.ts';
import { Stream, type Reach } from './stream.ts';

/** What an edge node is made of. */
export type EdgeNodeOptions = {
  readonly name: string;
  readonly chain: SandboxChain;
  /** What all liars say. */
  readonly liar: SandboxNode;
  readonly random: Random;
  readonly now: Clock;
  readonly later: (ms: number, act: () => void | Promise<void>) => void;
  /** A line that may be bad, besides what the node suffers from. */
  readonly quality: Quality;
  /** The value of a text that several nodes send. */
  readonly parse: (text: string) => unknown;
  readonly hear: (event: LineEvent, isTrue: boolean) => Promise<void>;
};

/** How bad a line is; drawn for each message. */
export type Quality = {
  readonly latencyMs: () => number;
  /** How late a message is that others overtake; 0 for most. */
  readonly overtakenMs: () => number;
  readonly isLost: () => boolean;
  readonly isTwice: () => boolean;
};

/** A signed vote in hexadecimal, and where it stands. */
export type PlacedVote = {
  readonly operation: string;
  readonly level: number;
  readonly round: number;
};

/** From the request to the answer, as the pool reads. */
const READ_TIMEOUT_MS = 15_000;
/** The operations of the next round are not of the far future; source: protocol.md 4.3. */
const DRIFT_ROUNDS = 1;
const STREAM_NAMES = Object.keys(STREAMS) as StreamName[];

/** A node of the endorser, with its line to it. */
export class EdgeNode {
  readonly name: string;
  readonly #options: EdgeNodeOptions;
  readonly #truth: SandboxNode;
  readonly #streams: ReadonlyMap<StreamName, Stream>;
  /** What a node that is behind has not heard of yet, oldest first. */
  #held: ChainEvent[] = [];
  #level = 0;
  #ailment: Ailment | undefined;

  constructor(options: EdgeNodeOptions) {
    const { name, chain, now } = options;
    this.name = name;
    this.#options = options;
    this.#truth = createNode(chain, { name, now });
    this.#streams = new Map(STREAM_NAMES.map(stream => [stream, this.#open(stream)]));
  }

  /** From now on the node suffers from this, and from nothing else. */
  suffer(next: Ailment | undefined): void {
    const before = this.#ailment;
    if (next === before) return;
    this.#ailment = next;
    this.#truth.follow(next?.kind !== 'stale');
    if (before?.kind === 'behind') this.#release(Infinity);
    // What fell silent stays so: its connections are dead.
    if (next?.kind === 'refuse' || before?.kind === 'blackhole') this.#break();
    else if (next?.kind === 'lying' || before?.kind === 'lying') this.#turn();
    if (next?.kind === 'cut') this.#cut(next, next.everyMs);
  }

  /** What happened on the chain. */
  deliver(events: readonly ChainEvent[]): void {
    const ailment = this.#ailment;
    for (const event of events) {
      if (ailment?.kind === 'behind') this.#held.push(event);
      else this.#take(event);
    }
    if (ailment?.kind === 'behind')
      this.#release(this.#options.chain.head().level - ailment.blocks);
  }

  /** Each question has an answer, or an end without one. */
  read(topic: Topic): void {
    const { name: node, now, hear, later } = this.#options;
    const unanswered = (): Promise<void> =>
      hear({ kind: 'unanswered', node, at: now(), topic }, this.#isTrue());
    const reach = this.#reach();
    if (reach === 'hangs') later(READ_TIMEOUT_MS, unanswered);
    else if (reach === 'refuses') this.#send(unanswered);
    else {
      const value = this.#answerTo(topic);
      const isTrue = this.#isTrue();
      this.#send(() =>
        value === undefined
          ? unanswered()
          : hear({ kind: 'answer', node, at: now(), topic, value }, isTrue),
      );
    }
  }

  /** Has the node take an operation, again while it is behind; what it said last. */
  inject(vote: PlacedVote, until: Instant): Promise<InjectionAnswer> {
    const { now, later } = this.#options;
    const rest = (ms: number): Promise<void> => new Promise(resolve => later(ms, resolve));
    const again = { until, clock: now, rest, limits: DEFAULT_LIMITS };
    return injectUntilTaken(
      () => this.#post(vote),
      () => undefined,
      again,
    );
  }

  /** A stream is opened anew, as the line or a new process wishes. */
  async restart(stream: StreamName): Promise<void> {
    await this.#streams.get(stream)?.restart();
  }

  /** All of them. */
  async restartAll(): Promise<void> {
    for (const stream of this.#streams.values()) await stream.restart();
  }

  #reach(): Reach {
    if (this.#ailment?.kind === 'refuse') return 'refuses';
    return this.#ailment?.kind === 'blackhole' ? 'hangs' : 'answers';
  }

  #isTrue(): boolean {
    return this.#ailment?.kind !== 'lying';
  }

  #source(): SandboxNode {
    return this.#isTrue() ? this.#truth : this.#options.liar;
  }

  #open(stream: StreamName): Stream {
    const { name: node, quality, hear, now, random, later, parse } = this.#options;
    let lastAt: Instant = now();
    return new Stream({
      ...{ node, stream, now, random, later, parse },
      reach: () => this.#reach(),
      subscribe: () => subscriptionOf(this.#source(), stream),
      ask: act => this.#send(act),
      send: (what, act) => {
        if (what === 'item' && quality.isLost()) return;
        const overtakenMs = what === 'item' ? quality.overtakenMs() : 0;
        const inTurn = Math.max(now() + this.#wayMs(), lastAt);
        if (overtakenMs === 0) lastAt = inTurn as Instant;
        const ms = inTurn - now() + overtakenMs;
        later(ms, act);
        if (what === 'item' && quality.isTwice()) later(ms + quality.latencyMs(), act);
      },
      hear: message => hear(wordOf(message), this.#isTrue()),
    });
  }

  #wayMs(): number {
    const late = this.#ailment?.kind === 'slow' ? this.#ailment.lateMs : 0;
    return this.#options.quality.latencyMs() + late;
  }

  #send(act: () => void | Promise<void>): void {
    const { quality, later } = this.#options;
    const times = quality.isTwice() ? 2 : 1;
    for (let time = 0; time < times; time += 1) later(this.#wayMs() + quality.overtakenMs(), act);
  }

  #break(): void {
    for (const stream of this.#streams.values()) stream.break();
  }

  #turn(): void {
    for (const stream of this.#streams.values()) stream.turn();
  }

  #cut(ailment: Ailment, everyMs: number): void {
    this.#options.later(everyMs, () => {
      if (this.#ailment !== ailment) return;
      this.#break();
      this.#cut(ailment, everyMs);
    });
  }

  #release(upTo: number): void {
    const tooEarly = this.#held.findIndex(event => levelOf(event) > upTo);
    const due = this.#held.splice(0, tooEarly < 0 ? this.#held.length : tooEarly);
    for (const event of due) this.#take(event);
  }

  #take(event: ChainEvent): void {
    if (this.#ailment?.kind !== 'stale' && event.kind === 'head') this.#level = event.block.level;
    if (event.kind === 'operation' && this.#isFarFuture(event.operation)) return;
    this.#truth.deliver([event]);
  }

  #answerTo(topic: Topic): unknown {
    const { parse, chain } = this.#options;
    // A block that it has not heard of.
    const named = 'hash' in topic ? chain.block(topic.hash) : undefined;
    const isLate = this.#ailment?.kind === 'stale' || this.#ailment?.kind === 'behind';
    if (isLate && named !== undefined && named.level > this.#level) return undefined;
    const [path = '', query = ''] = pathOf(topic).split('?');
    const request = { method: 'GET', path, query: new URLSearchParams(query), body: '' };
    const reply = this.#source().handle(request);
    return 'stream' in reply || reply.status !== 200 ? undefined : parse(reply.body);
  }

  /** One try to inject, which never rejects. */
  #post(vote: PlacedVote): Promise<InjectionOutcome> {
    const { injectTimeoutMs } = DEFAULT_LIMITS;
    return new Promise(resolve => {
      this.#send(() => {
        const reach = this.#reach();
        if (reach === 'hangs') {
          this.#options.later(injectTimeoutMs, () => resolve(failure('timeout', 'no answer')));
        } else {
          const isUp = reach === 'answers';
          const outcome = isUp ? this.#takeOrNot(vote) : failure('unreachable', 'refused');
          this.#send(() => resolve(outcome));
        }
      });
    });
  }

  #takeOrNot(vote: PlacedVote): InjectionOutcome {
    const body = JSON.stringify(vote.operation);
    if (this.#ailment?.kind === 'behind' && vote.level > this.#level + 1) {
      return refusal(`Attestation for future level (expected: ${(this.#level + 1).toString()}`);
    }
    if (this.#isFarFutureAt(vote)) {
      return refusal('Consensus operation too far in the future are not accepted.');
    }
    const query = new URLSearchParams('chain=main');
    const path = '/injection/operation';
    const reply = this.#source().handle({ method: 'POST', path, query, body });
    return 'stream' in reply
      ? failure('bad_answer', 'a stream')
      : readInjectionAnswer(reply.status, reply.body);
  }

  #isFarFuture({ value: { contents } }: ChainOperation): boolean {
    const [content] = contents;
    return 'slot' in content && 'level' in content && this.#isFarFutureAt(content);
  }

  /** Source: `Consensus_operation_in_far_future` in protocol.md 4.3. */
  #isFarFutureAt({ level, round }: { readonly level: number; readonly round: number }): boolean {
    const { chain, now } = this.#options;
    const before = chain.atLevel(level - 1);
    if (this.#ailment?.kind !== 'clock' || before === undefined) return false;
    const { minimalBlockDelay, delayIncrementPerRound } = chain.options;
    const timestamp = Date.parse(before.header.timestamp) as Instant;
    const start = roundStart(
      { minimalBlockDelay, delayIncrementPerRound },
      { timestamp, round: before.round },
      roundOf(round),
    );
    const drift = duration(DRIFT_ROUNDS * minimalBlockDelay);
    return start > plus(now(), drift) - this.#ailment.slowMs;
  }
}

function subscriptionOf(node: SandboxNode, stream: StreamName): Subscribe {
  const [path = '', query = ''] = STREAMS[stream].path.split('?');
  const request = { method: 'GET', path, query: new URLSearchParams(query), body: '' };
  const reply = node.handle(request);
  if (!('stream' in reply)) throw new Error(`${path} is a stream`);
  return reply.stream;
}

function levelOf(event: ChainEvent): number {
  if (event.kind !== 'operation') return event.block.level;
  const [content] = event.operation.value.contents;
  return 'slot' in content && 'level' in content ? content.level : 0;
}

function refusal(message: string): InjectionOutcome {
  return readInjectionAnswer(
    500,
    JSON.stringify([{ kind: 'temporary', id: 'failure', msg: message }]),
  );
}
