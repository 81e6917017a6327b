/** Does things in order, each at once or after a delay; what was delayed is never overtaken. */
export type Outbox = {
  readonly send: (act: () => void) => void;
  /** Forgets what is still to be done. */
  readonly drop: () => void;
};

/** An outbox with the delay of the moment, in milliseconds. */
export function outbox(delayMs: () => number): Outbox {
  const timers = new Set<NodeJS.Timeout>();
  let lastDue = 0;
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
      timers.add(timer);
    },
    drop: () => {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
