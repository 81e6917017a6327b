import type { Keystore } from '@meridian/keystore';
import { err, ok, type Result } from '@meridian/prelude';
import { authorizedKeys, BODY_CHARACTERS_MAX, parseRequest } from '@meridian/signer-protocol';
import { protocolProblem, renderAnswer, renderProblem } from '@meridian/signer-protocol';
import type { Answer, MarkJson, Problem, SignerRequest } from '@meridian/signer-protocol';
import type { ChainId, PublicKeyHash } from '@meridian/tezos';
import type { WatermarkStore } from '@meridian/watermark-store';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Signing } from './sign.ts';

/** What the protocol is answered from. */
export type HttpParts = {
  readonly chainId: ChainId;
  readonly keystore: Keystore;
  readonly store: () => WatermarkStore | undefined;
  readonly sign: Signing;
};

/** The Octez remote-signer protocol over HTTP. */
export function signerHttp(parts: HttpParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // One byte more than is allowed, so that a body that is too long is told from one that is cut.
  app.use(express.text({ type: () => true, limit: BODY_CHARACTERS_MAX + 1, inflate: false }));
  app.use((request, response, next) => {
    const parsed = parseRequest({
      method: request.method,
      target: request.url,
      contentType: request.headers['content-type'],
      contentEncoding: request.headers['content-encoding'],
      body: typeof request.body === 'string' ? request.body : '',
    });
    const outcome = parsed.ok ? answer(parts, parsed.value) : Promise.resolve(parsed);
    outcome
      .then(result => {
        const { status, headers, body } = result.ok
          ? renderAnswer(result.value)
          : renderProblem(result.error);
        response.writeHead(status, headers).end(body);
      })
      .catch(next);
  });
  app.use(refuseBody);
  return app;
}

/** Bodies that express itself refuses, in the words of the protocol; what has no status is no fault of the request. */
const refuseBody: ErrorRequestHandler = (
  error: { readonly status?: number },
  _request,
  response,
  next,
) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const code =
    error.status === undefined
      ? 'store_unavailable'
      : error.status === 413
        ? 'body_too_large'
        : error.status === 415
          ? 'unsupported_media_type'
          : 'malformed_body';
  const { status, headers, body } = renderProblem(protocolProblem(code));
  response.writeHead(status, headers).end(body);
};

async function answer(parts: HttpParts, request: SignerRequest): Promise<Result<Answer, Problem>> {
  const { keystore } = parts;
  switch (request.kind) {
    case 'authorized_keys':
      return ok(authorizedKeys(null));
    case 'known_keys':
      return ok({ known_keys: keystore.keys().map(({ pkh }) => pkh) });
    case 'public_key': {
      const key = keystore.keys().find(({ pkh }) => pkh === request.pkh);
      return key
        ? ok({ public_key: key.publicKey })
        : err(protocolProblem('unknown_key', request.pkh));
    }
    case 'marks':
      return marksOf(parts, request.pkh);
    case 'prove_possession':
      return err(protocolProblem('not_allowed', 'a proof of possession is made offline'));
    case 'sign':
      return parts.sign(request.pkh, request.bytes);
  }
}

async function marksOf(
  { chainId, store }: HttpParts,
  pkh: PublicKeyHash,
): Promise<Result<Answer, Problem>> {
  const open = store();
  if (open === undefined) return err(protocolProblem('store_unavailable'));
  const rows = await open.read(chainId, pkh);
  const marks = rows.map(
    ({ chainId: of, kind, level, round, digest, bytes, signature }): MarkJson => ({
      chain_id: of,
      kind,
      ...{ level, round, digest, bytes, signature },
    }),
  );
  return ok({ marks });
}
