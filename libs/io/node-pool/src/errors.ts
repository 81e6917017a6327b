/** Why a node's answer could not be used; the same string in logs, metrics and JSON. */
export const NODE_ERRORS = {
  unreachable: 'no connection, or one that broke before the answer was complete',
  timeout: 'no complete answer within the time allowed',
  refused: 'an answer with an HTTP status of 400 or more',
  bad_answer: 'an answer that is no JSON, or larger than allowed',
} as const;

/** One of the codes of {@link NODE_ERRORS}. */
export type NodeErrorCode = keyof typeof NODE_ERRORS;

/** Why a stream could not be opened, or had to be torn down; the same string in logs, metrics and JSON. */
export const STREAM_FAULTS = {
  unreachable: 'no connection, or one that broke before the stream was open',
  timeout: 'no connection, or no headers, within the time allowed',
  refused:
    'status 401 or 403: the ACL of this node does not give us this stream; asked again rarely',
  bad_status: 'any other status than 200',
  bad_line: 'a line that is no JSON in UTF-8, or not the kind of value that this stream carries',
  half_line: 'the stream ended within a line',
  line_too_long: 'a line longer than allowed',
} as const;

/** One of the codes of {@link STREAM_FAULTS}. */
export type StreamFaultCode = keyof typeof STREAM_FAULTS;

/** The one error that talking to a node throws. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: NodeErrorCode;
  /** The HTTP status, when there was one. */
  readonly status: number | undefined;

  constructor(code: NodeErrorCode, message: string, status?: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
