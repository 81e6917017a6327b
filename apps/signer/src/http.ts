import { parseRequest, renderAnswer, renderProblem } from '@meridian/signer-protocol';
import { protocolProblem, type HttpResponse } from '@meridian/signer-protocol';
import express, { type Express } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, type AnswerParts } from './answer.ts';
import { leaveUnread, readBody } from './body.ts';

/** The Octez remote-signer protocol over HTTP. */
export function signerHttp(parts: AnswerParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((request, response) => {
    responseTo(parts, request)
      .then(rendered => send(request, response, rendered))
      .catch(() => response.destroy());
  });
  return app;
}

async function responseTo(parts: AnswerParts, request: IncomingMessage): Promise<HttpResponse> {
  const body = await readBody(request);
  if (!body.ok) return renderProblem(protocolProblem(body.error));
  const parsed = parseRequest({
    method: request.method ?? '',
    target: request.url ?? '',
    contentType: request.headers['content-type'],
    contentEncoding: request.headers['content-encoding'],
    body: body.value,
  });
  const outcome = parsed.ok ? await answer(parts, parsed.value) : parsed;
  return outcome.ok ? renderAnswer(outcome.value) : renderProblem(outcome.error);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: HttpResponse,
): void {
  if (request.complete) {
    response.writeHead(status, headers).end(body);
    return;
  }
  // The answer is whole, but not ended: Node would read the rest of the request then.
  const length = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, connection: 'close', 'content-length': length });
  response.write(body);
  leaveUnread(request);
}
