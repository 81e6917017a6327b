import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '@meridian/prelude';
import { createNode, lensOf, type Answer, type ChainEvent } from '@meridian/sandbox-chain';
import type { SandboxChain, SandboxNode } from '@meridian/sandbox-chain';
import { answerRefused, isRefused } from './acl.ts';
import type { Condition } from './faults.ts';
import { bodyOf, listen, shut, targetOf, urlOf, writeHead } from './http.ts';
import { outbox } from './outbox.ts';
import { answerRubbish } from './rubbish.ts';
import { openStreams, type OpenStreams } from './streams.ts';

/** An edge node over HTTP that can be made to suffer. */
export type EdgeNode = {
  readonly name: string;
  readonly url: string;
  readonly condition: () => Condition;
  /** Changes the condition; done when the promise is. */
  readonly suffer: (condition: Condition) => Promise<void>;
  readonly deliver: (events: readonly ChainEvent[]) => void;
  readonly close: () => Promise<void>;
};

/** What an edge node needs. */
export type EdgeNodeOptions = {
  readonly name: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly now: Clock;
  /** Called after something was injected, so that the others hear of it. */
  readonly injected: () => void;
  /** How late a slow node is; 2 s. */
  readonly slowMs?: number;
  /** How often streams are cut; every second. */
  readonly cutEveryMs?: number;
};

const BODY_BYTES_MAX = 256 * 1024;
const SLOW_MS = 2_000;
const CUT_EVERY_MS = 1_000;

/**
 * Starts an edge node.
 * @throws SandboxError `port_taken`
 */
export async function startEdgeNode(
  chain: SandboxChain,
  options: EdgeNodeOptions,
): Promise<EdgeNode> {
  const lens = lensOf(chain);
  const node = createNode(lens.chain, { name: options.name, now: options.now });
  let now: Condition = 'ok';
  const condition = (): Condition => now;
  const delayMs = (): number => (now === 'slow' ? (options.slowMs ?? SLOW_MS) : 0);
  const streams = openStreams(condition, delayMs);
  const { injected } = options;
  const server = createServer((request, response) => {
    void serve({ node, streams, condition, delayMs, injected }, request, response);
  });
  const port = await listen(server, options.port);
  const cutter = setInterval(() => {
    if (now === 'cut') streams.cutAll();
  }, options.cutEveryMs ?? CUT_EVERY_MS);

  const change = async (next: Condition): Promise<void> => {
    const before = now;
    if (next === before) return;
    now = next;
    if (next === 'refuse') await shut(server);
    if (before === 'refuse') await listen(server, port);
    // An open stream was allowed before; a node reads its ACL when it starts, which ends all streams.
    if (next === 'acl') server.closeAllConnections();
    // What fell silent stays so: its clients have to come again.
    if (before === 'blackhole') server.closeAllConnections();
    lens.lie(next === 'lying');
    // Who stops lying or sleeping learns at once where the chain is.
    if (before === 'lying') node.follow(false);
    node.follow(next !== 'stale');
  };
  let changed = Promise.resolve();
  return {
    name: options.name,
    url: urlOf(port),
    condition,
    suffer: next => {
      const done = changed.then(() => change(next));
      changed = done.catch(() => undefined);
      return done;
    },
    deliver: events => {
      node.deliver(lens.events(events));
    },
    close: async () => {
      clearInterval(cutter);
      await changed;
      if (server.listening) await shut(server);
    },
  };
}

/** What answering takes. */
type Desk = {
  readonly node: SandboxNode;
  readonly streams: OpenStreams;
  readonly condition: () => Condition;
  readonly delayMs: () => number;
  readonly injected: () => void;
};

async function serve(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request, BODY_BYTES_MAX);
  if (desk.condition() === 'blackhole' || response.destroyed) return;
  const target = targetOf(request);
  if (body === undefined || target === undefined) {
    writeHead(response, body === undefined ? 413 : 400, { connection: 'close' });
    response.end();
    return;
  }
  const method = request.method ?? 'GET';
  const { pathname: path, searchParams: query } = target;
  if (desk.condition() === 'rubbish' && !path.includes('/monitor')) {
    answerRubbish(response, path);
    return;
  }
  if (desk.condition() === 'acl' && isRefused(path)) {
    answerRefused(response);
    return;
  }
  const reply = desk.node.handle({ method, path, query, body });
  const queue = outbox(desk.delayMs);
  response.on('close', queue.drop);
  queue.send(() => {
    if ('stream' in reply) desk.streams.open(response, reply);
    else writeAnswer(response, reply);
  });
  if (method === 'POST') desk.injected();
}

/** A real node closes the connection after JSON in chunks without saying so. */
function writeAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  const { socket } = response;
  const isChunkedJson = 'content-type' in headers && 'transfer-encoding' in headers;
  if (isChunkedJson && status === 200) response.on('finish', () => void socket?.end());
  writeHead(response, status, headers);
  response.end(body);
}
