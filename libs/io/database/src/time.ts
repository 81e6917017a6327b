/** Time that runs out, by a clock that is never set. */
export type Time = { readonly leftMs: () => number };

/** Time that runs out in so many milliseconds. */
export function timeIn(ms: number): Time {
  const end = performance.now() + ms;
  return { leftMs: () => end - performance.now() };
}

/** Waits for a promise while there is time; it is left to itself afterwards, and may fail unheard. */
export async function within<Value>(promise: Promise<Value>, time: Time): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error('no answer in time')),
      Math.max(0, Math.ceil(time.leftMs())),
    );
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits somewhat: at least a half of the milliseconds, so that those who met do not meet again. */
export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms * (0.5 + Math.random() / 2)));
}
