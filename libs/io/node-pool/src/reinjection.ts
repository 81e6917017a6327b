import type { Clock, Instant } from '@meridian/prelude';
import { isPassing, type InjectionOutcome } from './injection-outcome.ts';
import type { InjectionLimits } from './limits.ts';

/** What a node said to an operation, and how often it had been asked by then. */
export type InjectionAnswer = InjectionOutcome & { readonly tries: number };

/** How a node that is behind is asked again. */
export type Again = {
  /** No try begins later; undefined: there is only one. */
  readonly until: Instant | undefined;
  readonly clock: Clock;
  /** Resolves after so many milliseconds, or earlier when nothing is worth waiting for any more. */
  readonly rest: (ms: number) => Promise<void>;
  readonly limits: Pick<InjectionLimits, 'againMsMin' | 'againMsMax'>;
};

/**
 * Has a node take an operation: once, and again while it is behind, with pauses that double. Each answer is told as it
 * comes; the last one is the outcome.
 * @param post one try, which never rejects
 */
export async function injectUntilTaken(
  post: () => Promise<InjectionOutcome>,
  tell: (answer: InjectionAnswer) => void,
  { until, clock, rest, limits: { againMsMin, againMsMax } }: Again,
): Promise<InjectionAnswer> {
  let pauseMs = againMsMin;
  for (let tries = 1; ; tries += 1) {
    const answer = { ...(await post()), tries };
    tell(answer);
    const isLast = until === undefined || clock() + pauseMs > until;
    if (!isPassing(answer) || isLast) return answer;
    await rest(pauseMs);
    pauseMs = Math.min(2 * pauseMs, againMsMax);
  }
}

/** Pauses that can all be ended at once, those still to come included. */
export type Rests = { readonly rest: Again['rest']; readonly end: () => void };

/** Pauses by the timers of the process. */
export function newRests(): Rests {
  const wakes = new Set<() => void>();
  let isOver = false;
  return {
    rest: ms =>
      new Promise(resolve => {
        const wake = (): void => {
          clearTimeout(timer);
          wakes.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, isOver ? 0 : ms);
        wakes.add(wake);
      }),
    end: () => {
      isOver = true;
      for (const wake of wakes) wake();
    },
  };
}
