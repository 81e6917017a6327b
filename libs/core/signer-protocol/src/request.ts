import { err, ok, type Result } from '@meridian/prelude';
import { fromHex, identifyBase58, TezosError } from '@meridian/tezos';
import type { PublicKey, PublicKeyHash, Signature } from '@meridian/tezos';
import { publicKey, publicKeyHash } from '@meridian/tezos/crypto';
import { readSignBytes, voteModeOf, type SignSubject } from '@meridian/tezos/forge';
import { protocolProblem, type Problem } from './problems.ts';
import { ROUTES, type Route } from './routes.ts';
import { parseTarget, type Target } from './target.ts';

/** An HTTP request, as far as the protocol looks at it. */
export type HttpRequest = {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly body: string;
};

/** The version of the signature scheme that a client asks for; only tz4 results differ. */
export type SigningVersion = 0 | 1 | 2 | 3;

/** What a signer is asked. */
export type SignerRequest =
  | { readonly kind: 'authorized_keys' }
  | { readonly kind: 'known_keys' }
  | { readonly kind: 'public_key'; readonly pkh: PublicKeyHash }
  | { readonly kind: 'marks'; readonly pkh: PublicKeyHash }
  | {
      readonly kind: 'prove_possession';
      readonly pkh: PublicKeyHash;
      /** The key whose bytes are signed in place of the own key's. */
      readonly blsKey: PublicKey | undefined;
    }
  | {
      readonly kind: 'sign';
      readonly pkh: PublicKeyHash;
      readonly version: SigningVersion;
      readonly authentication: Signature | undefined;
      /** What is to be signed, watermark included. */
      readonly bytes: Uint8Array;
      readonly subject: SignSubject;
    };

/** Characters of a body; a request to sign has a few hundred. */
export const BODY_CHARACTERS_MAX = 64 * 1024;

const VERSIONS: Readonly<Record<string, SigningVersion>> = { 0: 0, 1: 1, 2: 2, 3: 3 };
const LATEST_VERSION: SigningVersion = 3;
/** Versions 0 and 1 know no BLS, or the augmented scheme, whose signatures the chain refuses since 023. */
const FIRST_BLS_VERSION = 2;
const SIGNATURES = ['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'] as const;

/** Reads a request, strictly; a problem is what to answer, and nothing was asked of key or store. */
export function parseRequest(request: HttpRequest): Result<SignerRequest, Problem> {
  try {
    const target = parseTarget(request.target);
    const route = routeOf(request.method, target);
    return ok(readRoute(route, target, request));
  } catch (error) {
    if (error instanceof Refused) return err(error.problem);
    throw error;
  }
}

/** Leaves a reader at the first problem; never leaves this file. */
class Refused extends Error {
  readonly problem: Problem;

  constructor(...problem: Parameters<typeof protocolProblem>) {
    super(problem[0]);
    this.problem = protocolProblem(...problem);
  }
}

function routeOf(method: string, target: Target | undefined): Route {
  if (method === 'HEAD') throw new Refused('head_not_implemented');
  if (target === undefined) throw new Refused('malformed_argument', 'the path cannot be decoded');
  const [name, ...rest] = target.path;
  const there = ROUTES.filter(route => route.name === name && rest.length === Number(route.hasKey));
  if (there.length === 0) throw new Refused('unknown_route');
  const route = there.find(each => each.method === method);
  if (route !== undefined) return route;
  const allow = there.map(each => each.method).join(', ');
  throw new Refused('method_not_allowed', `use ${allow}`, { allow });
}

function readRoute(route: Route, target: Target | undefined, request: HttpRequest): SignerRequest {
  const query = target?.query ?? [];
  const { kind } = route;
  if (kind === 'authorized_keys' || kind === 'known_keys') return { kind };
  const pkh = argument('public key hash', () => publicKeyHash(target?.path[1]));
  if (kind === 'public_key' || kind === 'marks') return { kind, pkh };
  if (kind === 'prove_possession') return possessionRequest(pkh, query);
  return signRequest(pkh, query, request);
}

function possessionRequest(pkh: PublicKeyHash, query: Target['query']): SignerRequest {
  if (!pkh.startsWith('tz4')) throw new Refused('not_a_bls_key', pkh);
  const text = single(query, 'bls_pk');
  const blsKey = text === undefined ? undefined : argument('bls_pk', () => publicKey(text));
  if (blsKey !== undefined && !blsKey.startsWith('BLpk'))
    throw new Refused('not_a_bls_key', blsKey);
  return { kind: 'prove_possession', pkh, blsKey };
}

function signRequest(
  pkh: PublicKeyHash,
  query: Target['query'],
  request: HttpRequest,
): SignerRequest {
  const version = versionOf(pkh, single(query, 'version'));
  const authentication = authenticationOf(single(query, 'authentication'));
  const bytes = bytesOf(request);
  const subject = subjectOf(bytes);
  if (subject.kind !== 'block' && subject.mode !== voteModeOf(pkh))
    throw new Refused('wrong_mode', pkh);
  return { kind: 'sign', pkh, version, authentication, bytes, subject };
}

function versionOf(pkh: PublicKeyHash, text: string | undefined): SigningVersion {
  if (text === undefined) return LATEST_VERSION;
  const version = Object.hasOwn(VERSIONS, text) ? VERSIONS[text] : undefined;
  if (version === undefined) throw new Refused('malformed_argument', 'version is 0, 1, 2 or 3');
  if (pkh.startsWith('tz4') && version < FIRST_BLS_VERSION)
    throw new Refused('unsupported_version');
  return version;
}

function authenticationOf(text: string | undefined): Signature | undefined {
  if (text === undefined) return undefined;
  // The text is an authenticator: an answer or a log must not repeat it.
  const read = () => identifyBase58(SIGNATURES, text);
  argument('authentication', read, 'is no signature');
  return text as Signature;
}

function bytesOf({ contentType, contentEncoding, body }: HttpRequest): Uint8Array {
  const [type = ''] = (contentType ?? 'application/json').toLowerCase().split(';');
  if (type.trim() !== 'application/json') throw new Refused('unsupported_media_type', type.trim());
  if (contentEncoding !== undefined && contentEncoding !== 'identity') {
    throw new Refused('unsupported_media_type', contentEncoding);
  }
  if (body.length > BODY_CHARACTERS_MAX) throw new Refused('body_too_large');
  const text = jsonOf(body);
  if (typeof text !== 'string') throw new Refused('malformed_body', 'it is no JSON text');
  return argument('body', () => fromHex(text), undefined, 'malformed_body');
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Refused('malformed_body', 'it is no JSON');
  }
}

function subjectOf(bytes: Uint8Array): SignSubject {
  try {
    return readSignBytes(bytes);
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    const byWatermark = error.code === 'unknown_kind' && error.offset === 0;
    throw new Refused(byWatermark ? 'never_signed' : 'malformed_payload', error.message);
  }
}

/** The only value of a query key; several are a mistake, and never the first or last one wins. */
function single(query: Target['query'], name: string): string | undefined {
  const values = query.filter(([key]) => key === name);
  if (values.length > 1) throw new Refused('malformed_argument', `${name} is given twice`);
  return values[0]?.[1];
}

/** Runs a check of the protocol lib and names the argument that failed it. */
function argument<Value>(
  name: string,
  read: () => Value,
  why?: string,
  code: 'malformed_argument' | 'malformed_body' = 'malformed_argument',
): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TezosError)) throw error;
    throw new Refused(code, `${name}: ${why ?? error.message}`);
  }
}
