import type { ServerResponse } from 'node:http';
import { writeHead } from './http.ts';

/**
 * What Octez's policy `secure`, the default on a network address, refuses of the RPC that is served here.
 * Source: src/lib_rpc_http/RPC_server.ml; `chain_id` and the streams as recorded of Octez 25.1.
 */
const REFUSED = [
  /^\/monitor\//,
  /^\/chains\/[^/]+\/chain_id$/,
  /^\/chains\/[^/]+\/mempool\/monitor_operations$/,
  /^\/chains\/[^/]+\/blocks\/[^/]+\/helpers\/(?!current_level$)/,
];

/** Whether a path is refused by the default policy. */
export function isRefused(path: string): boolean {
  return REFUSED.some(pattern => pattern.test(path));
}

/** 401 without a body, as recorded. */
export function answerRefused(response: ServerResponse): void {
  writeHead(response, 401, { 'content-type': 'application/json', 'content-length': '0' });
  response.end();
}
