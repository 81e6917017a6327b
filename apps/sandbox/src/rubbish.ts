import type { ServerResponse } from 'node:http';
import { writeHead } from './http.ts';

/** A line that nobody can read. */
export const RUBBISH = '<html>\u0000502 Bad Gateway</html>{"hash":\n';

const ENDLESS_CHUNK = Buffer.alloc(64 * 1024, '[');
const ENDLESS_EVERY_MS = 5;

/** Answers with what is no JSON: what is asked about blocks has no end, all else is short. */
export function answerRubbish(response: ServerResponse, path: string): void {
  writeHead(response, 200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
  if (!path.includes('/blocks/')) {
    response.end(RUBBISH);
    return;
  }
  // As fast as the client reads, and no faster.
  const pour = setInterval(() => {
    if (!response.writableNeedDrain) response.write(ENDLESS_CHUNK);
  }, ENDLESS_EVERY_MS);
  response.on('close', () => {
    clearInterval(pour);
  });
}
