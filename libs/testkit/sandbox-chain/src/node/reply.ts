/** A request as a node gets it, without the connection it came over. */
export type NodeRequest = {
  readonly method: string;
  /** Without the query, such as `/chains/main/chain_id`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
};

/** A whole answer. `headers` are all that a node sends, so they also say how the body is framed. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Starts a stream; every piece of text is one item. What is returned stops it. */
export type Subscribe = (push: (text: string) => void, end: () => void) => () => void;

/** An answer without an end of its own. */
export type StreamAnswer = {
  readonly status: 200;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Subscribe;
};

/** What a node says to a request. */
export type Reply = Answer | StreamAnswer;

const JSON_TYPE = { 'content-type': 'application/json' };
const CHUNKED = { 'transfer-encoding': 'chunked' };

/** JSON with its length, as most RPCs of the shell answer. */
export function json(value: unknown, status = 200): Answer {
  const body = `${JSON.stringify(value)}\n`;
  const length = { 'content-length': Buffer.byteLength(body).toString() };
  return { status, headers: { ...JSON_TYPE, ...length }, body };
}

/** JSON in chunks, as the RPCs under `helpers` answer; a real node closes the connection after it. */
export function chunkedJson(value: unknown): Answer {
  return { status: 200, headers: { ...JSON_TYPE, ...CHUNKED }, body: `${JSON.stringify(value)}\n` };
}

/** One element of the list that a node answers an error with. */
export type Trace = { readonly kind: string; readonly id: string } & Readonly<
  Record<string, unknown>
>;

/** An error of an RPC that was understood. */
export function failure(...trace: readonly Trace[]): Answer {
  return json(trace, 500);
}

/** The element that carries a text for people. */
export function message(msg: string): Trace {
  return { kind: 'temporary', id: 'failure', msg };
}

/** A request that cannot be read. */
export function malformed(text: string): Answer {
  return { status: 400, headers: { 'content-type': 'text/plain', ...CHUNKED }, body: text };
}

/** No such block or RPC: nothing but the status. */
export const NOT_FOUND: Answer = { status: 404, headers: CHUNKED, body: '' };

/** The RPC is there, for another method. */
export function wrongMethod(allow: string): Answer {
  return { status: 405, headers: { allow, ...CHUNKED }, body: '' };
}

/** A stream of JSON, one value a line. */
export function stream(subscribe: Subscribe): StreamAnswer {
  return { status: 200, headers: { ...JSON_TYPE, ...CHUNKED }, stream: subscribe };
}
