import { BODY_CHARACTERS_MAX, parseRequest } from '@meridian/signer-protocol';
import { protocolProblem, renderAnswer, renderProblem } from '@meridian/signer-protocol';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { answer, type AnswerParts } from './answer.ts';
import { marksOf, type MarksParts } from './marks.ts';

/** What the protocol is answered from; whatever is not said is not allowed, and nobody has to authenticate. */
export type HttpParts = MarksParts &
  Pick<AnswerParts, 'keystore' | 'sign'> &
  Partial<Pick<AnswerParts, 'authorizedKeys' | 'allow'>>;

/** The Octez remote-signer protocol over HTTP. */
export function signerHttp(given: HttpParts): Express {
  const parts: AnswerParts = {
    authorizedKeys: [],
    allow: { knownKeys: false, provePossession: false },
    ...given,
    marks: pkh => marksOf(given, pkh),
  };
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
