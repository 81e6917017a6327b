/** What one line of a stream says, as the node wrote it: nothing in it has been verified. */
export type StreamItem =
  | { readonly kind: 'validated'; readonly block: unknown }
  | { readonly kind: 'head'; readonly header: unknown }
  | { readonly kind: 'operations'; readonly operations: readonly unknown[] };

type StreamRow = {
  readonly path: string;
  /** Reads a line; undefined when it is not what this stream carries. */
  readonly item: (value: unknown) => StreamItem | undefined;
};

/**
 * The streams of a node and what their lines are (protocol.md §4). `operations` begins with the whole mempool and is
 * ended by the node at each new head; `heads` begins with the current head; `validated_blocks` begins with nothing.
 */
export const STREAMS = {
  validated_blocks: {
    path: '/monitor/validated_blocks?chain=main',
    item: block => (isObject(block) ? { kind: 'validated', block } : undefined),
  },
  heads: {
    path: '/monitor/heads/main',
    item: header => (isObject(header) ? { kind: 'head', header } : undefined),
  },
  operations: {
    path: '/chains/main/mempool/monitor_operations?validated=true&branch_delayed=true&validation_pass=0',
    item: operations =>
      Array.isArray(operations) ? { kind: 'operations', operations } : undefined,
  },
} as const satisfies Readonly<Record<string, StreamRow>>;

/** The name of a stream. */
export type StreamName = keyof typeof STREAMS;

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
