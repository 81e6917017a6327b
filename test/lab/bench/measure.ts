/** A figure beside the limit or the peer that was measured in the same run. */
export type Figure = {
  readonly bench: string;
  readonly what: string;
  readonly value: number;
  readonly unit: '/s' | 'ms';
  /** What the figure is held against. */
  readonly beside: string;
  readonly besideValue: number;
  /** `value / besideValue`: better when larger for rates, when smaller for times. */
  readonly ratio: number;
};

/** What is measured, and what it is held against: both do one unit of work a call. */
export type Pair = {
  readonly what: string;
  readonly run: () => unknown;
  readonly beside: string;
  readonly besideRun: () => unknown;
};

/** Odd, so that the median is a measurement. */
const BATCHES = 7;
const BATCH_MS = 25;

/** Rates of a pair, measured in turns so that a slow moment of the machine hits both. */
export async function rateOf(bench: string, pair: Pair): Promise<Figure> {
  const calls = await callsFor(pair.run);
  const besideCalls = await callsFor(pair.besideRun);
  const rates: number[] = [];
  const besideRates: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    rates.push(await ratePerSecond(pair.run, calls));
    besideRates.push(await ratePerSecond(pair.besideRun, besideCalls));
  }
  const [value, besideValue] = [median(rates), median(besideRates)];
  return {
    bench,
    what: pair.what,
    value: rounded(value),
    unit: '/s',
    beside: pair.beside,
    besideValue: rounded(besideValue),
    ratio: rounded(value / besideValue),
  };
}

/** How many calls fill a batch; finding it also warms the code up. */
async function callsFor(run: () => unknown): Promise<number> {
  let calls = 1;
  for (;;) {
    const rate = await ratePerSecond(run, calls);
    const wanted = Math.ceil((rate * BATCH_MS) / 1_000);
    if (calls >= wanted) return calls;
    calls = Math.min(wanted, calls * 4);
  }
}

async function ratePerSecond(run: () => unknown, calls: number): Promise<number> {
  const start = performance.now();
  for (let call = 0; call < calls; call++) {
    const outcome = run();
    if (outcome instanceof Promise) await outcome;
  }
  return (calls * 1_000) / Math.max(performance.now() - start, 1e-6);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Three digits: more would claim what a shared machine cannot tell. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
