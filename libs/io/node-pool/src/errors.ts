/** Why a node's answer could not be used; the same string in logs, metrics and JSON. */
export const NODE_ERRORS = {
  unreachable: 'no connection, or one that broke before the answer was complete',
  timeout: 'no complete answer within the time allowed',
  refused: 'an answer with an HTTP status of 400 or more',
  bad_answer: 'an answer that is no JSON, or larger than allowed',
} as const;

/** One of the codes of {@link NODE_ERRORS}. */
export type NodeErrorCode = keyof typeof NODE_ERRORS;

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
