import { elapsedMs, type Clock, type Random } from '@meridian/prelude';
import { DEFAULT_LIMITS, STREAMS, type NodeMessage, type StreamName } from '@meridian/node-pool';
import { pauseAfter, type Ending } from '@meridian/node-pool/rules';
import type { Subscribe } from '@meridian/sandbox-chain';

/** What becomes of a connection that somebody wants to make. */
export type Reach = 'answers' | 'refuses' | 'hangs';

/** What the client of a stream reaches, and by which way. */
export type StreamOptions = {
  readonly node: string;
  readonly stream: StreamName;
  readonly reach: () => Reach;
  /** What the node sends once it has taken the request. */
  readonly subscribe: () => Subscribe;
  /** The way of the request. */
  readonly ask: (act: () => Promise<void> | void) => void;
  /** The way of what comes back, in order; `item`: a bad line may lose it. */
  readonly send: (what: 'item' | 'end', act: () => Promise<void> | void) => void;
  readonly parse: (text: string) => unknown;
  readonly hear: (message: NodeMessage) => Promise<void>;
  readonly now: Clock;
  readonly random: Random;
  readonly later: (ms: number, act: () => Promise<void> | void) => void;
};

/** One stream of one node, opened again for as long as the simulation lasts, by the rules of the pool. */
export class Stream {
  readonly #options: StreamOptions;
  /** Counts the attempts: what belongs to an earlier one means nothing any more. */
  #attempt = 0;
  #isOpen = false;
  #isWaiting = false;
  #startedAt;
  #failures = 0;
  #stop: (() => void) | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    this.#start();
  }

  /** The client gives up what it has, for a new attempt; one that waits for its time goes on waiting. */
  async restart(): Promise<void> {
    if (!this.#isWaiting) await this.#finish('over');
  }

  /** The connection breaks, on the side of the node. */
  break(): void {
    if (this.#stop === undefined) return;
    this.#leave();
    this.#arrive('end', () => this.#finish('failed'));
  }

  /** The node sends something else from now on, over the same connection. */
  turn(): void {
    if (this.#stop === undefined) return;
    this.#leave();
    this.#follow();
  }

  #start(): void {
    const { reach, ask, later, now } = this.#options;
    this.#isWaiting = false;
    this.#startedAt = now();
    const attempt = (this.#attempt += 1);
    const mine = (act: () => Promise<void> | void) => () =>
      attempt === this.#attempt ? act() : undefined;
    const failed = mine(() => this.#finish('failed'));
    ask(
      mine(() => {
        const how = reach();
        if (how === 'answers') this.#answer();
        else if (how === 'refuses') this.#options.send('end', failed);
        else later(DEFAULT_LIMITS.connectTimeoutMs, failed);
      }),
    );
  }

  #answer(): void {
    const { node, stream, hear, now } = this.#options;
    this.#arrive('end', () => {
      this.#isOpen = true;
      return hear({ kind: 'stream-open', node, stream, at: now() });
    });
    this.#follow();
  }

  #follow(): void {
    const { node, stream, subscribe, parse, hear, now, reach } = this.#options;
    const { item } = STREAMS[stream];
    let isOver = false;
    const push = (text: string): void => {
      const read = reach() === 'answers' ? item(parse(text)) : undefined;
      if (read !== undefined) this.#arrive('item', () => hear({ ...read, node, at: now() }));
    };
    const end = (): void => {
      if (isOver || reach() !== 'answers') return;
      this.#stop = undefined;
      this.#arrive('end', () => this.#finish('over'));
    };
    const stop = subscribe()(push, end);
    this.#stop = () => {
      isOver = true;
      stop();
    };
  }

  #leave(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #arrive(what: 'item' | 'end', act: () => Promise<void> | void): void {
    const attempt = this.#attempt;
    this.#options.send(what, () => (attempt === this.#attempt ? act() : undefined));
  }

  async #finish(how: Ending['how']): Promise<void> {
    const { node, stream, hear, now, random, later } = this.#options;
    this.#leave();
    const attempt = (this.#attempt += 1);
    const wasOpen = this.#isOpen;
    const lastedMs = elapsedMs(this.#startedAt, now());
    const ending = { how, wasOpen, lastedMs };
    const { pauseMs, failures } = pauseAfter(ending, this.#failures, DEFAULT_LIMITS, random);
    this.#failures = failures;
    this.#isOpen = false;
    this.#isWaiting = true;
    later(pauseMs, () => {
      if (attempt === this.#attempt) this.#start();
    });
    const reason = how === 'over' ? 'ended' : 'lost';
    if (wasOpen) await hear({ kind: 'stream-closed', node, stream, at: now(), reason });
  }
}
