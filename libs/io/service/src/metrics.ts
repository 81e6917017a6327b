import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** One metric of a daemon; the key in its table is the name without the prefix `meridian_<app>_`. */
export type MetricRow = {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /**
   * Each label with all values that it may have, so that a set of labels never grows without bound; `configured` where
   * those are names of the configuration.
   */
  readonly labels?: Readonly<Record<string, readonly string[] | 'configured'>>;
};

/** What is not among the values of a label counts under this one. */
const OTHER = 'other';

/** Seconds, from 1 ms to 10 s. */
const BUCKETS_SECONDS = [
  0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 5, 10,
];

/** The metrics of a daemon. */
export type Metrics<Name extends string> = {
  /** Adds to a counter, sets a gauge, or observes a value, whichever the metric is. */
  readonly record: (name: Name, value: number, labels?: Readonly<Record<string, string>>) => void;
  /** All of them in the text format of Prometheus. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
};

/**
 * Metrics as a table says, in a registry of their own.
 * @param configured the values of each label that are names of the configuration
 */
export function openMetrics<Name extends string>(
  app: string,
  table: Readonly<Record<Name, MetricRow>>,
  configured: Readonly<Record<string, readonly string[]>> = {},
): Metrics<Name> {
  const registry = new Registry();
  const rows = Object.entries<MetricRow>(table).map(([name, { labels = {}, ...rest }]) => {
    const row = { ...rest, labels: valuesOf(labels, configured) };
    const labelNames = Object.keys(labels);
    const shared = {
      name: `meridian_${app}_${name}`,
      help: row.help,
      labelNames,
      registers: [registry],
    };
    return [name, { row, record: recorder(row.type, shared) }] as const;
  });
  const metrics = new Map<string, (typeof rows)[number][1]>(rows);
  return {
    record: (name, value, labels = {}) => {
      const metric = metrics.get(name);
      metric?.record(known(metric.row, labels), value);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

type Shared = {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
};
type Recorder = (labels: Record<string, string>, value: number) => void;

function recorder(type: MetricRow['type'], shared: Shared): Recorder {
  if (type === 'counter') {
    const counter = new Counter(shared);
    return (labels, value) => counter.inc(labels, value);
  }
  if (type === 'gauge') {
    const gauge = new Gauge(shared);
    return (labels, value) => gauge.set(labels, value);
  }
  const histogram = new Histogram({ ...shared, buckets: BUCKETS_SECONDS });
  return (labels, value) => histogram.observe(labels, value);
}

type Values = Readonly<Record<string, readonly string[]>>;

function valuesOf(labels: NonNullable<MetricRow['labels']>, configured: Values): Values {
  return Object.fromEntries(
    Object.entries(labels).map(([name, values]) => [
      name,
      values === 'configured' ? (configured[name] ?? []) : values,
    ]),
  );
}

function known(
  row: { readonly labels: Values },
  labels: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(row.labels).map(([name, values]) => {
      const value = labels[name] ?? OTHER;
      return [name, values.includes(value) ? value : OTHER];
    }),
  );
}
