/** A bounded number at once. Of those who wait the urgent ones come first, else whoever came first. */
export type Turns = {
  /** False when too many wait already; else the turn has to be given back. */
  readonly take: (urgent: boolean) => Promise<boolean>;
  readonly giveBack: () => void;
};

export function newTurns(atOnceMax: number, waitingMax: number): Turns {
  const urgently: (() => void)[] = [];
  const calmly: (() => void)[] = [];
  let taken = 0;
  return {
    take: urgent => {
      if (taken < atOnceMax) {
        taken += 1;
        return Promise.resolve(true);
      }
      if (urgently.length + calmly.length >= waitingMax) return Promise.resolve(false);
      return new Promise(resolve => (urgent ? urgently : calmly).push(() => resolve(true)));
    },
    giveBack: () => {
      const next = urgently.shift() ?? calmly.shift();
      // A turn is handed on, so that nobody overtakes.
      if (next === undefined) taken -= 1;
      else next();
    },
  };
}
