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

/**
 * How long a refusal of some bytes holds. `passing`: the same signer may sign them a moment later. `lasting`: it will
 * not, unless an operator or a take-over changes it; another signer may. `final`: no signer will.
 */
export type Persistence = 'passing' | 'lasting' | 'final';

/** What a class of the watermark's refusals is over HTTP. `forbidden` is lasting: it is what one signer was told. */
const CLASSES = {
  unsafe: { status: 409, persistence: 'final' },
  unavailable: { status: 503, persistence: 'lasting' },
  forbidden: { status: 403, persistence: 'lasting' },
} as const satisfies Record<
  RefusalClass,
  { readonly status: number; readonly persistence: Persistence }
>;

/** Who is asked, and by whom, is a matter of one signer; the rest below 500 is one of the request. */
const PERSISTENCE_OF_STATUS: Readonly<Record<number, Persistence>> = {
  401: 'lasting',
  403: 'lasting',
  404: 'lasting',
  408: 'passing',
  429: 'passing',
};

/**
 * What a refusal means to its reader: the watermark's own codes say it themselves, all others, also of another
 * signer, by their status. `alerts`: somebody has to look.
 */
export function readRefusal(
  status: number,
  code: string | undefined,
): { readonly persistence: Persistence; readonly alerts: boolean } {
  const own = Object.entries(REFUSALS).find(([name]) => name === code)?.[1];
  if (own !== undefined) {
    return { persistence: CLASSES[own.class].persistence, alerts: own.alerts };
  }
  const isOfRequest = status >= 400 && status < 500;
  const persistence = PERSISTENCE_OF_STATUS[status] ?? (isOfRequest ? 'final' : 'passing');
  return { persistence, alerts: true };
}

/** The answer to a request that the watermark refuses, with the mark that caused it. */
export function refusalProblem(refusal: Refusal): Problem {
  const { code, mark, released } = refusal;
  const { class: refusalClass, meaning } = REFUSALS[code];
  const place =
    mark === undefined
      ? ''
      : ` (mark: level ${mark.level.toString()}, round ${mark.round.toString()})`;
  const details = { ...(mark && { mark }), ...(released && { released }) };
  return { status: CLASSES[refusalClass].status, code, message: meaning + place, details };
}
