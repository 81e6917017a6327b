import { identifyBase58, TezosError } from '@meridian/tezos';
import type { ChainId, PublicKey, PublicKeyHash, Signature } from '@meridian/tezos';
import type { Kind } from '@meridian/watermark';
import { readRefusal, type Persistence, type Problem } from './problems.ts';
import { SIGNATURES } from './wire.ts';

/** The mark of one (chain, kind) of a key, as `GET /marks/<pkh>` shows it. */
export type MarkJson = {
  readonly chain_id: ChainId;
  readonly kind: Kind;
  readonly level: number;
  readonly round: number;
  readonly digest: string | null;
  /** What was signed, hexadecimal; votes only. */
  readonly bytes: string | null;
  readonly signature: string | null;
};

/** What a signer answers to what it was asked; the field names are the protocol's. */
export type Answer =
  | Readonly<Record<string, never>>
  | { readonly authorized_keys: readonly PublicKeyHash[] }
  | { readonly known_keys: readonly PublicKeyHash[] }
  | { readonly public_key: PublicKey }
  | { readonly bls_prove_possession: Signature }
  | { readonly supports_deterministic_nonces: boolean }
  | { readonly signature: Signature }
  | { readonly marks: readonly MarkJson[] };

/** An HTTP answer. */
export type HttpResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

const JSON_HEADERS = { 'content-type': 'application/json' } as const;
const CODE_PREFIX = 'meridian.';

/**
 * The keys that may authenticate. Null: nobody has to, and the answer is an empty object; a list, even an
 * empty one, tells a client that it has to.
 */
export function authorizedKeys(keys: readonly PublicKeyHash[] | null): Answer {
  return keys === null ? {} : { authorized_keys: keys };
}

/** The HTTP answer of a success. */
export function renderAnswer(answer: Answer): HttpResponse {
  return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(answer) };
}

/**
 * The HTTP answer of a problem: a trace as Octez prints it, whose first element is for people and
 * whose second one for machines.
 */
export function renderProblem({ status, code, message, details }: Problem): HttpResponse {
  const { allow } = details;
  const trace = [
    { kind: 'temporary', id: 'failure', msg: message },
    { kind: 'temporary', id: CODE_PREFIX + code, msg: message, ...details },
  ];
  const headers = typeof allow === 'string' ? { ...JSON_HEADERS, allow } : JSON_HEADERS;
  return { status, headers, body: JSON.stringify(trace) };
}

/** The request of a client that wants bytes signed. */
export function renderSignRequest(
  pkh: PublicKeyHash,
  bytesHex: string,
  authentication?: Signature,
): { readonly method: 'POST'; readonly target: string; readonly body: string } {
  const query = authentication === undefined ? '' : `&authentication=${authentication}`;
  return {
    method: 'POST',
    target: `/keys/${pkh}?version=3${query}`,
    body: JSON.stringify(bytesHex),
  };
}

/** What came back to a client that wanted bytes signed. */
export type SignReply =
  | { readonly kind: 'signature'; readonly signature: Signature }
  | {
      readonly kind: 'refused';
      readonly status: number;
      /** Meridian's code; undefined from another signer. */
      readonly code: string | undefined;
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>>;
      readonly persistence: Persistence;
      /** Somebody has to look. */
      readonly alerts: boolean;
    }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Reads the answer to a request to sign, of Meridian's signer or of another one. Never throws. */
export function parseSignReply(status: number, body: string): SignReply {
  const json = jsonOf(body);
  if (status !== 200) return refusalOf(status, json, body);
  const signature = isObject(json) ? json['signature'] : undefined;
  try {
    identifyBase58(SIGNATURES, signature);
    return { kind: 'signature', signature: signature as Signature };
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    return { kind: 'malformed', reason: `signature: ${error.message}` };
  }
}

/** Characters of a foreign body that are repeated in a message. */
const QUOTED_CHARACTERS_MAX = 200;

function refusalOf(status: number, json: unknown, body: string): SignReply {
  const trace = Array.isArray(json) ? json.filter(isObject) : [];
  const own = trace.find(({ id }) => typeof id === 'string' && id.startsWith(CODE_PREFIX));
  const words = trace.map(({ msg }) => msg).find(msg => typeof msg === 'string');
  const { kind: _kind, id, msg: _msg, ...details } = own ?? {};
  const code = typeof id === 'string' ? id.slice(CODE_PREFIX.length) : undefined;
  return {
    kind: 'refused',
    status,
    code,
    message: words ?? body.slice(0, QUOTED_CHARACTERS_MAX),
    details,
    ...readRefusal(status, code),
  };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
