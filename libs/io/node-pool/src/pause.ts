import type { Random } from '@meridian/prelude';
import type { StreamLimits } from './limits.ts';

/** How an attempt to follow a stream came to its end. */
export type Ending = {
  /**
   * `over`: the node ended the stream in order, or we gave it up; `stale`: a kept connection turned out to be dead;
   * `failed`: anything else but `refused`.
   */
  readonly how: 'over' | 'stale' | 'failed' | 'refused';
  readonly wasOpen: boolean;
  readonly lastedMs: number;
};

/** How long to wait before the next attempt, and how many attempts have failed since the stream was last sound. */
export type Pause = { readonly pauseMs: number; readonly failures: number };

/** When to open a stream again. Every pause but those after a sound stream is above zero, so nothing spins. */
export function pauseAfter(
  { how, wasOpen, lastedMs }: Ending,
  failuresBefore: number,
  limits: StreamLimits,
  random: Random,
): Pause {
  const past = wasOpen && lastedMs >= limits.steadyMs ? 0 : failuresBefore;
  switch (how) {
    case 'stale':
      return { pauseMs: 0, failures: past };
    case 'over': {
      const { reopenPauseMsMin } = limits;
      return { pauseMs: lastedMs >= reopenPauseMsMin ? 0 : reopenPauseMsMin, failures: past };
    }
    case 'failed':
      return { pauseMs: backoffMs(past, limits, random), failures: past + 1 };
    case 'refused':
      return { pauseMs: limits.refusedPauseMs, failures: past };
  }
}

/** Between half of the bound and the bound, so that many clients of a node that comes back do not come at once. */
function backoffMs(
  failures: number,
  { retryMsMax, backoffMsMax }: StreamLimits,
  random: Random,
): number {
  const bound = Math.min(backoffMsMax, retryMsMax * 2 ** failures);
  return Math.ceil(bound / 2) + random.whole(Math.floor(bound / 2) + 1);
}
