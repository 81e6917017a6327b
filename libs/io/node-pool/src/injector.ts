import { Client, Pool, type Dispatcher } from 'undici';
import type { Address } from './address.ts';
import { connections, type Connections } from './connections.ts';
import { failure, readInjectionAnswer } from './injection-outcome.ts';
import type { InjectionClass, InjectionOutcome } from './injection-outcome.ts';
import type { InjectionLimits } from './limits.ts';

/** Whether something goes before what waits further: the first copy of an operation does, whatever came earlier. */
export type Urgency = 'first' | 'further';

type Job = {
  readonly request: Dispatcher.DispatchOptions;
  /** When the last byte of the request was given to a connection that stands. */
  readonly sent: () => void;
  readonly settle: (outcome: InjectionOutcome) => void;
  readonly isSettled: () => boolean;
  /** Ends the request, as far as it has come. */
  abort: (() => void) | undefined;
};

/** Where an operation is posted, and what keeps a connection warm meanwhile. */
export const INJECTION_PATH = '/injection/operation?chain=main';
export const WARMING_PATH = '/version';
const CLOSED = failure('closed', 'the pool was closed');
/** A node that was found so is not the first to get an operation, until it answers something. */
const SILENCES: ReadonlySet<InjectionClass> = new Set(['unreachable', 'timeout']);
const nothing = (): void => undefined;

/** Posts operations to one node over connections of its own. */
export class Injector {
  readonly #address: Address;
  readonly #limits: InjectionLimits;
  readonly #connections: Connections;
  readonly #pool: Pool;
  readonly #jobs = new Set<Job>();
  /** By urgency, each from the oldest to the newest. */
  readonly #waiting: Readonly<Record<Urgency, Set<Job>>> = { first: new Set(), further: new Set() };
  #connectionsTaken = 0;
  #isAnswering = true;
  readonly #warming: NodeJS.Timeout;
  #isClosed = false;

  constructor(address: Address, limits: InjectionLimits) {
    this.#address = address;
    this.#limits = limits;
    this.#connections = connections(limits.connectTimeoutMs);
    this.#pool = new Pool(address.origin, {
      ...this.#clientOptions(),
      connections: limits.injectConnectionsMax,
    });
    this.#warming = setInterval(() => this.#warm(), limits.warmMs).unref();
    this.#warm();
  }

  /**
   * Posts an operation and never fails: the outcome says what became of it. A connection that breaks before the answer
   * is tried once more on a new one, which is safe since a node takes what it knows already.
   * @param body the JSON of the operation's bytes in hex
   * @param sent called when the request has been written
   */
  post(body: Buffer, urgency: Urgency, sent: () => void): Promise<InjectionOutcome> {
    const path = this.#address.prefix + INJECTION_PATH;
    return this.#run(
      { path, method: 'POST', headers: { 'content-type': 'application/json' }, body },
      urgency,
      sent,
    );
  }

  /** Whether what is posted now would wait for no connection, and the node answered the last time. */
  isReady(): boolean {
    return this.#hasRoom() && this.#isAnswering;
  }

  /** Settles everything that is under way as `closed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#warming);
    for (const job of this.#jobs) job.settle(CLOSED);
    const gone = this.#pool.destroy();
    this.#connections.destroy();
    await gone;
  }

  #clientOptions(): Client.Options {
    const { idleMsMax } = this.#limits;
    return {
      connect: this.#connections.connect,
      keepAliveTimeout: idleMsMax,
      keepAliveMaxTimeout: idleMsMax,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
  }

  #hasRoom(): boolean {
    return this.#connectionsTaken < this.#limits.injectConnectionsMax;
  }

  #warm(): void {
    if (!this.#hasRoom()) return;
    const path = this.#address.prefix + WARMING_PATH;
    void this.#run({ path, method: 'GET' }, 'further', nothing);
  }

  #run(
    request: Dispatcher.DispatchOptions,
    urgency: Urgency,
    sent: () => void,
  ): Promise<InjectionOutcome> {
    const { injectTimeoutMs } = this.#limits;
    if (this.#isClosed) return Promise.resolve(CLOSED);
    return new Promise(resolve => {
      let isSettled = false;
      const settle = (outcome: InjectionOutcome): void => {
        if (isSettled) return;
        isSettled = true;
        if (outcome.class !== 'busy') this.#isAnswering = !SILENCES.has(outcome.class);
        clearTimeout(timer);
        this.#jobs.delete(job);
        this.#waiting[urgency].delete(job);
        job.abort?.();
        resolve(outcome);
      };
      const timer = setTimeout(
        () => settle(failure('timeout', `no answer within ${injectTimeoutMs} ms`)),
        injectTimeoutMs,
      );
      const job: Job = {
        ...{ request, sent, settle },
        ...{ isSettled: () => isSettled, abort: undefined },
      };
      this.#jobs.add(job);
      this.#waiting[urgency].add(job);
      this.#startWaiting();
      this.#makeRoom();
    });
  }

  #startWaiting(): void {
    const { first, further } = this.#waiting;
    for (const waiting of [first, further]) {
      for (const job of waiting) {
        if (!this.#hasRoom()) return;
        waiting.delete(job);
        this.#connectionsTaken += 1;
        this.#send(job, this.#pool, true);
      }
    }
  }

  /** The oldest makes room for the newest, since its time is over first; a further copy before any first one. */
  #makeRoom(): void {
    const { first, further } = this.#waiting;
    const { injectQueuedMax } = this.#limits;
    if (first.size + further.size <= injectQueuedMax) return;
    const [oldest] = further.size > 0 ? further : first;
    oldest?.settle(failure('busy', `${injectQueuedMax} newer operations wait for this node`));
  }

  #release(): void {
    this.#connectionsTaken -= 1;
    this.#startWaiting();
  }

  #send(job: Job, over: Dispatcher, mayTryAgain: boolean): void {
    const chunks: Buffer[] = [];
    let length = 0;
    let status = 0;
    let isSent = false;
    over.dispatch(job.request, {
      onRequestStart: controller => {
        const abort = (): void => controller.abort(new Error('given up'));
        if (job.isSettled()) abort();
        else job.abort = abort;
      },
      onRequestSent: () => {
        isSent = true;
        job.sent();
      },
      onResponseStart: (_controller, code) => {
        status = code;
      },
      onResponseData: (_controller, chunk) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length <= this.#limits.answerBytesMax) return;
        const message = `an answer of more than ${this.#limits.answerBytesMax} bytes`;
        job.settle(failure('bad_answer', message, status));
      },
      onResponseEnd: () => {
        job.abort = undefined;
        job.settle(readInjectionAnswer(status, Buffer.concat(chunks).toString('utf8')));
        this.#release();
      },
      onResponseError: (_controller, error) => {
        job.abort = undefined;
        if (mayTryAgain && isSent && status === 0 && !job.isSettled()) {
          this.#sendAnew(job);
          return;
        }
        job.settle(failure('unreachable', error.message || error.name));
        this.#release();
      },
    });
  }

  /** On a connection that nobody has used: another one of the pool may be as dead as the last. */
  #sendAnew(job: Job): void {
    const client = new Client(this.#address.origin, this.#clientOptions());
    this.#send(job, client, false);
    // It closes when the answer is complete, and refuses anything further until then.
    void client.close();
  }
}
