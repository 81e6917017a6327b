import { elapsedMs, type Clock, type Instant, type Random } from '@meridian/prelude';
import { Client } from 'undici';
import type { Address } from './address.ts';
import { attempt, halfLine, type AttemptEnd } from './attempt.ts';
import { connections, type Connections } from './connections.ts';
import type { StreamFaultCode } from './errors.ts';
import type { StreamLimits } from './limits.ts';
import { pauseAfter, type Ending } from './pause.ts';
import { STREAMS, type StreamItem, type StreamName } from './streams.ts';

/** Why an open stream ended; the same string in logs and metrics. */
export const CLOSE_REASONS = {
  ended: 'the node ended it in order, as it does with `operations` at each new head',
  lost: 'the connection broke',
  rubbish: 'what came was no use; the fault before says what it was',
  restarted: 'it was given up by `restart`',
} as const;

/** One of {@link CLOSE_REASONS}. */
export type CloseReason = keyof typeof CLOSE_REASONS;

/** What a stream of a node does or brings. */
export type StreamEvent =
  | StreamItem
  | { readonly kind: 'stream-opening' | 'stream-open'; readonly stream: StreamName }
  | { readonly kind: 'stream-closed'; readonly stream: StreamName; readonly reason: CloseReason }
  | {
      readonly kind: 'fault';
      readonly stream: StreamName;
      readonly code: StreamFaultCode;
      readonly message: string;
      /** The HTTP status, when there was one. */
      readonly status?: number;
    };

type Setup = {
  readonly address: Address;
  readonly stream: StreamName;
  readonly limits: StreamLimits;
  readonly clock: Clock;
  readonly random: Random;
};

/** One stream of one node, opened again for as long as it is wanted. */
export class NodeStream {
  readonly #setup: Setup;
  readonly #say: (event: StreamEvent) => void;
  readonly #connections: Connections;
  #client: Client;
  /** Whether the client's connection has served an attempt before: a node may close it without a word (protocol.md §10). */
  #isKept = false;
  #stop: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt: Instant;
  #isOpen = false;
  #failures = 0;
  #isClosed = false;

  constructor(setup: Setup, say: (event: StreamEvent) => void) {
    this.#setup = setup;
    this.#say = say;
    this.#connections = connections(setup.limits.connectTimeoutMs);
    this.#client = this.#newClient();
    this.#startedAt = setup.clock();
    this.#start();
  }

  /** Gives up an attempt that is under way, for a new one; a stream that waits for its time goes on waiting. */
  restart(): void {
    if (this.#stop === undefined) return;
    this.#renewClient();
    this.#finish('over', () => this.#sayClosed('restarted'));
  }

  /** Nothing is said from here on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stop?.();
    this.#stop = undefined;
    const gone = this.#client.destroy();
    this.#connections.destroy();
    await gone;
  }

  #newClient(): Client {
    return new Client(this.#setup.address.origin, { connect: this.#connections.connect });
  }

  #renewClient(): void {
    const old = this.#client;
    this.#client = this.#newClient();
    this.#isKept = false;
    // The attempt is told nothing of it: it was stopped, or came to its end.
    this.#stop?.();
    void old.destroy();
    this.#connections.destroy();
  }

  #start(): void {
    const { address, stream, limits, clock } = this.#setup;
    const { path, item } = STREAMS[stream];
    this.#startedAt = clock();
    // Not before whoever opens the pool has it.
    queueMicrotask(() => this.#sayOpening());
    this.#stop = attempt(this.#client, address.prefix + path, limits, {
      open: () => {
        this.#isOpen = true;
        this.#say({ kind: 'stream-open', stream });
      },
      value: value => {
        const event = item(value);
        if (event === undefined) return `a line that is no item of ${stream}`;
        this.#say(event);
        return undefined;
      },
      end: end => this.#ended(end),
    });
  }

  #sayOpening(): void {
    if (!this.#isClosed) this.#say({ kind: 'stream-opening', stream: this.#setup.stream });
  }

  #ended(end: AttemptEnd): void {
    if (end.kind === 'ended') {
      this.#isKept = true;
      this.#finish('over', () => this.#sayClosed('ended'));
      return;
    }
    const isStale = end.kind === 'broken' && end.sent && this.#isKept && !this.#isOpen;
    this.#renewClient();
    if (isStale) this.#finish('stale', () => undefined);
    else if (end.kind === 'broken') this.#finish('failed', () => this.#sayBroken(end));
    else {
      this.#finish(end.code === 'refused' ? 'refused' : 'failed', () => {
        const { code, message, status } = end;
        this.#sayFault(code, message, status);
        this.#sayClosed('rubbish');
      });
    }
  }

  #sayBroken({ message, restBytes }: AttemptEnd & { readonly kind: 'broken' }): void {
    if (!this.#isOpen) this.#sayFault('unreachable', message);
    else if (restBytes > 0) this.#sayFault('half_line', halfLine(restBytes));
    this.#sayClosed('lost');
  }

  #sayFault(code: StreamFaultCode, message: string, status?: number): void {
    const { stream } = this.#setup;
    const known = status === undefined ? {} : { status };
    this.#say({ kind: 'fault', stream, code, message, ...known });
  }

  #sayClosed(reason: CloseReason): void {
    if (this.#isOpen) this.#say({ kind: 'stream-closed', stream: this.#setup.stream, reason });
  }

  /** Ends an attempt, says so, and sets the time of the next one, whatever the listener does meanwhile. */
  #finish(how: Ending['how'], say: () => void): void {
    const { limits, clock, random } = this.#setup;
    this.#stop?.();
    this.#stop = undefined;
    const lastedMs = elapsedMs(this.#startedAt, clock());
    const ending = { how, wasOpen: this.#isOpen, lastedMs };
    const { pauseMs, failures } = pauseAfter(ending, this.#failures, limits, random);
    this.#failures = failures;
    say();
    this.#isOpen = false;
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#start(), pauseMs);
  }
}
