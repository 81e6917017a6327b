/** Whichever comes first: the promise, or what stands for it after a while. What comes later is ignored. */
export function within<Value, Late>(
  promise: Promise<Value>,
  limitMs: number,
  late: () => Late,
): Promise<Value | Late> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(late()), limitMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
