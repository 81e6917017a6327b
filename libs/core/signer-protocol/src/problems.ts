import { REFUSALS, type Refusal, type RefusalClass } from '@meridian/watermark';

/** What an error answer says: `code` for machines, `message` for people, both in the body. */
export type Problem = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** More for machines, beside the code. */
  readonly details: Readonly<Record<string, unknown>>;
};

/**
 * Every reason to refuse a request before the watermark is asked, and the states in which it cannot be.
 * The watermark's own reasons are its `REFUSALS`. Never 502: Octez clients repeat a 502 ten times.
 */
export const PROTOCOL_PROBLEMS = {
  malformed_request: { status: 400, meaning: 'this is no HTTP request' },
  headers_too_large: { status: 431, meaning: 'the headers are too long' },
  request_too_slow: { status: 408, meaning: 'the request did not come in time' },
  unknown_route: { status: 404, meaning: 'there is nothing under this path' },
  method_not_allowed: { status: 405, meaning: 'this path is not asked with this method' },
  head_not_implemented: { status: 501, meaning: 'HEAD is answered nowhere' },
  malformed_argument: { status: 400, meaning: 'a part of the path or the query cannot be read' },
  unsupported_version: { status: 400, meaning: 'a tz4 key signs under versions 2 and 3 only' },
  not_a_bls_key: { status: 400, meaning: 'only tz4 keys have a proof of possession' },
  unsupported_media_type: { status: 415, meaning: 'a body is JSON, and not compressed' },
  body_too_large: { status: 413, meaning: 'a body has at most 64 KiB' },
  malformed_body: { status: 400, meaning: 'a body is one JSON text of hexadecimal digits' },
  malformed_payload: { status: 400, meaning: 'the bytes to be signed are no block and no vote' },
  never_signed: { status: 403, meaning: 'this kind of bytes is never signed here' },
  wrong_mode: { status: 400, meaning: 'a tz4 key signs votes in BLS mode, other keys never do' },
  authentication_required: { status: 401, meaning: 'a request to sign has to be authenticated' },
  authentication_invalid: { status: 401, meaning: 'no authorized key made this authentication' },
  not_allowed: { status: 403, meaning: 'this signer does not answer this question' },
  unknown_key: { status: 404, meaning: 'this signer does not hold this key' },
  signing_in_progress: { status: 503, meaning: 'the same block is being signed already' },
  store_unavailable: { status: 503, meaning: 'the watermark could not be made durable in time' },
  vault_unavailable: { status: 503, meaning: 'the key could not be used in time' },
  internal_error: { status: 500, meaning: "a mistake of the signer's own; nothing was signed" },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>;

/** The code of a problem of the protocol. */
export type ProtocolProblemCode = keyof typeof PROTOCOL_PROBLEMS;

/** The answer to a request that breaks the protocol; `why` says what of it. */
export function protocolProblem(
  code: ProtocolProblemCode,
  why?: string,
  details: Problem['details'] = {},
): Problem {
  const { status, meaning } = PROTOCOL_PROBLEMS[code];
  return { status, code, message: why === undefined ? meaning : `${meaning}: ${why}`, details };
}

const STATUS_OF_CLASS: Readonly<Record<RefusalClass, number>> = {
  unsafe: 409,
  unavailable: 503,
  forbidden: 403,
};

/** The answer to a request that the watermark refuses, with the mark that caused it. */
export function refusalProblem(refusal: Refusal): Problem {
  const { code, mark, released } = refusal;
  const { class: refusalClass, meaning } = REFUSALS[code];
  const place =
    mark === undefined
      ? ''
      : ` (mark: level ${mark.level.toString()}, round ${mark.round.toString()})`;
  const details = { ...(mark && { mark }), ...(released && { released }) };
  return { status: STATUS_OF_CLASS[refusalClass], code, message: meaning + place, details };
}
