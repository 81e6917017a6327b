import { checkJobs, type Findings, type Job } from '@meridian/chain-view';
import { Worker } from 'node:worker_threads';
import { nativeVerifier } from './verifier.ts';

/** What a thread is asked. */
export type Task = { readonly id: number; readonly jobs: readonly Job[] };
/** What it answers. */
export type Answer = { readonly id: number; readonly findings: Findings };

/** Checks signatures while others go on. */
export type Checker = {
  /** Never rejects, and is answered however often the thread dies; not at all after `close`. */
  readonly check: (jobs: readonly Job[]) => Promise<Findings>;
  readonly close: () => Promise<void>;
};

/** A task that outlived so many threads is done without one. */
const DEATHS_MAX = 3;

type Waiting = Task & {
  readonly deaths: number;
  readonly answered: (findings: Findings) => void;
};

/**
 * Opens a thread that checks signatures, so that hundreds of them hold up nothing. A thread that dies is replaced when
 * it is needed, and what it was asked is asked again; where none can live, checks are made here.
 * @param start starts a thread; given by tests that kill it
 */
export function openChecker(start: () => Worker = startWorker): Checker {
  const waiting = new Map<number, Waiting>();
  let [lastId, isClosed] = [0, false];
  let worker: Worker | undefined;

  const running = (): Worker => {
    if (worker !== undefined) return worker;
    const made = start();
    // It holds up nobody who has nothing else to do.
    made.unref();
    made.on('message', ({ id, findings }: Answer) => {
      waiting.get(id)?.answered(findings);
      waiting.delete(id);
    });
    // An error ends the thread, and its end is told next.
    made.on('error', () => undefined);
    made.on('exit', () => {
      if (worker === made) worker = undefined;
      if (!isClosed) askAgain();
    });
    worker = made;
    return made;
  };
  const ask = (task: Waiting): void => {
    waiting.set(task.id, task);
    running().postMessage({ id: task.id, jobs: task.jobs } satisfies Task);
  };
  const askAgain = (): void => {
    for (const task of [...waiting.values()]) {
      if (task.deaths + 1 < DEATHS_MAX) ask({ ...task, deaths: task.deaths + 1 });
      else {
        waiting.delete(task.id);
        task.answered(checkJobs(nativeVerifier(), task.jobs));
      }
    }
  };
  // The first task finds a thread that has read its code.
  running();
  return {
    check: jobs =>
      new Promise(answered => {
        if (isClosed) return;
        lastId += 1;
        ask({ id: lastId, jobs, deaths: 0, answered });
      }),
    close: async () => {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

/** A thread that checks. What this process was started with, such as a tether to its parent, is none of its business. */
export function startWorker(): Worker {
  return new Worker(new URL('./check-worker.ts', import.meta.url), { execArgv: [] });
}
