/** A figure beside the limit or the peer that was measured in the same run. */
export type Figure = {
  readonly bench: string;
  readonly what: string;
  readonly value: number;
  readonly unit: '/s' | 'ms';
  /** What the figure is held against. */
  readonly beside: string;
  readonly besideValue: number;
  /** How `value` compares with `besideValue`: better when larger for rates, when smaller for times. */
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
const BATCHES = 31;
/** Short, so that a slow moment of the machine hits both sides of a ratio. */
const BATCH_MS = 6;
const WARM_UP_MS = 120;

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
    // Of each batch with the one beside it, not of the medians, which may come from different moments.
    ratio: rounded(median(rates.map((rate, at) => rate / (besideRates[at] ?? Number.NaN)))),
  };
}

/** How many calls fill a batch, found by running long enough for the code to be compiled. */
async function callsFor(run: () => unknown): Promise<number> {
  const end = performance.now() + WARM_UP_MS;
  let calls = 1;
  while (performance.now() < end) {
    const rate = await ratePerSecond(run, calls);
    calls = Math.max(1, Math.min(Math.ceil((rate * BATCH_MS) / 1_000), calls * 4));
  }
  return calls;
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
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, such as 0.99 of them. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Three digits: more would claim what a shared machine cannot tell. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
