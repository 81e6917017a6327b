import type { Result } from '@meridian/prelude';
import { fromHex, identifyBase58, type PublicKeyHash, type Signature } from '@meridian/tezos';
import { publicKey, publicKeyHash } from '@meridian/tezos/crypto';
import type { Problem } from './problems.ts';
import { argument, outcomeOf, Refused } from './refused.ts';
import { ROUTES, type Route } from './routes.ts';
import { checkVersion, LATEST_VERSION, possessionRequest, signRequest } from './signer-request.ts';
import type { SignerRequest, SigningVersion } from './signer-request.ts';
import { parseTarget, type Target } from './target.ts';
import { SIGNATURES } from './wire.ts';

/** An HTTP request, as far as the protocol looks at it. */
export type HttpRequest = {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly body: string;
};

/** Characters of a body; a request to sign has a few hundred. */
export const BODY_CHARACTERS_MAX = 64 * 1024;

const VERSIONS: Readonly<Record<string, SigningVersion>> = { 0: 0, 1: 1, 2: 2, 3: 3 };

/** Reads a request, strictly; a problem is what to answer, and nothing was asked of key or store. */
export function parseRequest(request: HttpRequest): Result<SignerRequest, Problem> {
  return outcomeOf(() => {
    const target = parseTarget(request.target);
    const route = routeOf(request.method, target);
    return readRoute(route, target, request);
  });
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
  if (kind === 'prove_possession') {
    const text = single(query, 'bls_pk');
    const blsKey = text === undefined ? undefined : argument('bls_pk', () => publicKey(text));
    return possessionRequest(pkh, blsKey);
  }
  const version = versionOf(pkh, single(query, 'version'));
  const authentication = authenticationOf(single(query, 'authentication'));
  return signRequest(pkh, version, authentication, bytesOf(request));
}

function versionOf(pkh: PublicKeyHash, text: string | undefined): SigningVersion {
  if (text === undefined) return LATEST_VERSION;
  const version = Object.hasOwn(VERSIONS, text) ? VERSIONS[text] : undefined;
  if (version === undefined) throw new Refused('malformed_argument', 'version is 0, 1, 2 or 3');
  checkVersion(pkh, version);
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

/** The only value of a query key; several are a mistake, and never the first or last one wins. */
function single(query: Target['query'], name: string): string | undefined {
  const values = query.filter(([key]) => key === name);
  if (values.length > 1) throw new Refused('malformed_argument', `${name} is given twice`);
  return values[0]?.[1];
}
