/** Runs what is given under one name one after the other, and under several names at once. */
export type Locks = <Outcome>(name: string, run: () => Promise<Outcome>) => Promise<Outcome>;

/** Locks inside this process; who waits is served in the order of arrival. */
export function locks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  return async (name, run) => {
    const before = tails.get(name) ?? Promise.resolve();
    const mine = before.then(run, run);
    tails.set(name, mine);
    try {
      return await mine;
    } finally {
      if (tails.get(name) === mine) tails.delete(name);
    }
  };
}
