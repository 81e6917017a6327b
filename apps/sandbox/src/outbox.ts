/** Does things in order, each at once or after a delay; what was delayed is never overtaken. */
export type Outbox = {
  readonly send: (act: () => void) => void;
  /** Does at once what is still to be done. */
  readonly flush: () => void;
  /** Forgets what is still to be done. */
  readonly drop: () => void;
};

/** An outbox with the delay of the moment, in milliseconds. */
export function outbox(delayMs: () => number): Outbox {
  const timers = new Map<NodeJS.Timeout, () => void>();
  let lastDue = 0;
  const drop = (): void => {
    for (const timer of timers.keys()) clearTimeout(timer);
    timers.clear();
  };
  return {
    send: act => {
      const now = Date.now();
      const due = Math.max(now + delayMs(), timers.size > 0 ? lastDue : 0);
      if (due <= now && timers.size === 0) {
        act();
        return;
      }
      lastDue = due;
      const timer = setTimeout(() => {
        timers.delete(timer);
        act();
      }, due - now);
      timers.set(timer, act);
    },
    flush: () => {
      const acts = [...timers.values()];
      drop();
      for (const act of acts) act();
    },
    drop,
  };
}
