import { Client, Pool, type Dispatcher } from 'undici';
import type { Address } from './address.ts';
import { connections, type Connections } from './connections.ts';
import { failure, readInjectionAnswer, type InjectionOutcome } from './injection-outcome.ts';
import type { InjectionLimits } from './limits.ts';

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
const nothing = (): void => undefined;

/** Posts operations to one node over connections of its own. */
export class Injector {
  readonly #address: Address;
  readonly #limits: InjectionLimits;
  readonly #connections: Connections;
  readonly #pool: Pool;
  readonly #jobs = new Set<Job>();
  readonly #waiting = new Set<Job>();
  #connectionsTaken = 0;
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
  post(body: Buffer, sent: () => void): Promise<InjectionOutcome> {
    const path = this.#address.prefix + INJECTION_PATH;
    return this.#run(
      { path, method: 'POST', headers: { 'content-type': 'application/json' }, body },
      sent,
    );
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

  #warm(): void {
    const path = this.#address.prefix + WARMING_PATH;
    void this.#run({ path, method: 'GET' }, nothing);
  }

  #run(request: Dispatcher.DispatchOptions, sent: () => void): Promise<InjectionOutcome> {
    const { injectTimeoutMs, injectQueuedMax } = this.#limits;
    if (this.#isClosed) return Promise.resolve(CLOSED);
    if (this.#waiting.size >= injectQueuedMax) {
      return Promise.resolve(failure('busy', `${injectQueuedMax} injections wait already`));
    }
    return new Promise(resolve => {
      let isSettled = false;
      const settle = (outcome: InjectionOutcome): void => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(timer);
        this.#jobs.delete(job);
        this.#waiting.delete(job);
        job.abort?.();
        resolve(outcome);
      };
      const timer = setTimeout(
        () => settle(failure('timeout', `no answer within ${injectTimeoutMs} ms`)),
        injectTimeoutMs,
      );
      const job: Job = { request, sent, settle, isSettled: () => isSettled, abort: undefined };
      this.#jobs.add(job);
      this.#waiting.add(job);
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    for (const job of this.#waiting) {
      if (this.#connectionsTaken >= this.#limits.injectConnectionsMax) return;
      this.#waiting.delete(job);
      this.#connectionsTaken += 1;
      this.#send(job, this.#pool, true);
    }
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
