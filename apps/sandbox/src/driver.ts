import { elapsedMs, type Clock } from '@meridian/prelude';
import type { ChainEvent, SandboxChain } from '@meridian/sandbox-chain';

/** Lets a chain run in real time. */
export type Driver = {
  /** Lets happen what is due, now. */
  readonly catchUp: () => void;
  readonly stop: () => void;
};

/** The longest sleep, in case something is due earlier than was known when it began. */
const SLEEP_MS_MAX = 1_000;

/** Starts the chain's time; `happened` gets everything in order. */
export function startDriver(
  chain: Pick<SandboxChain, 'advanceTo' | 'nextWake'>,
  now: Clock,
  happened: (events: readonly ChainEvent[]) => void,
): Driver {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const catchUp = (): void => {
    if (stopped) return;
    clearTimeout(timer);
    const at = now();
    const events = chain.advanceTo(at);
    const sleepMs = Math.ceil(elapsedMs(at, chain.nextWake()));
    timer = setTimeout(catchUp, Math.min(SLEEP_MS_MAX, Math.max(1, sleepMs)));
    if (events.length > 0) happened(events);
  };
  catchUp();
  return {
    catchUp,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
