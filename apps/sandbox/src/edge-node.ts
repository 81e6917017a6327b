import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '@meridian/prelude';
import { createNode, lensOf, type Answer, type ChainEvent } from '@meridian/sandbox-chain';
import type { SandboxChain, SandboxNode } from '@meridian/sandbox-chain';
import { answerRefused, isRefused } from './acl.ts';
import { faucet } from './faucet.ts';
import { WELL, wordsOf, type Condition } from './faults.ts';
import { bodyOf, listen, shut, targetOf, urlOf, writeHead } from './http.ts';
import { lagOf } from './lag.ts';
import { outbox } from './outbox.ts';
import { answerRubbish } from './rubbish.ts';
import { bytesPerSecond, openStreams, type OpenStreams } from './streams.ts';

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
};

const BODY_BYTES_MAX = 256 * 1024;

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
  let now = WELL;
  const condition = (): Condition => now;
  const delayMs = (): number => (now.fault === 'slow' ? now.ms : 0);
  const lag = lagOf(() => (now.fault === 'behind' ? now.levels : 0));
  const heard = outbox(() => (now.fault === 'clock' ? Math.max(0, -now.ms) : 0));
  const deliver = (events: readonly ChainEvent[]): void => {
    const known = lag.after(events);
    heard.send(() => {
      node.deliver(lens.events(known));
    });
  };
  const streams = openStreams(condition, delayMs);
  const { injected } = options;
  const server = createServer((request, response) => {
    void serve({ node, streams, condition, delayMs, injected }, request, response);
  });
  const port = await listen(server, options.port);
  let cutter: NodeJS.Timeout | undefined;
  const change = async (next: Condition): Promise<void> => {
    const before = now;
    if (wordsOf(next) === wordsOf(before)) return;
    now = next;
    clearInterval(cutter);
    if (next.fault === 'cut') cutter = setInterval(streams.cutAll, next.ms);
    if (next.fault === 'refuse' && before.fault !== 'refuse') await shut(server);
    if (before.fault === 'refuse' && next.fault !== 'refuse') await listen(server, port);
    // An open stream was allowed before; a node reads its ACL when it starts, which ends all streams.
    if (next.fault === 'acl') server.closeAllConnections();
    // What fell silent stays so: its clients have to come again.
    if (before.fault === 'blackhole') server.closeAllConnections();
    lens.lie(next.fault === 'lying' ? next.about : false);
    // Who stops lying or sleeping learns at once where the chain is.
    if (before.fault === 'lying') node.follow(false);
    node.follow(next.fault !== 'stale');
    if (before.fault === 'clock') heard.flush();
    if (before.fault === 'behind') deliver([]);
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
    deliver,
    close: async () => {
      clearInterval(cutter);
      heard.drop();
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
  if (desk.condition().fault === 'blackhole' || response.destroyed) return;
  const target = targetOf(request);
  if (body === undefined || target === undefined) {
    writeHead(response, body === undefined ? 413 : 400, { connection: 'close' });
    response.end();
    return;
  }
  const method = request.method ?? 'GET';
  const { pathname: path, searchParams: query } = target;
  if (desk.condition().fault === 'rubbish' && !path.includes('/monitor')) {
    answerRubbish(response, path);
    return;
  }
  if (desk.condition().fault === 'acl' && isRefused(path)) {
    answerRefused(response);
    return;
  }
  const reply = desk.node.handle({ method, path, query, body });
  const queue = outbox(desk.delayMs);
  response.on('close', queue.drop);
  queue.send(() => {
    if ('stream' in reply) desk.streams.open(response, reply);
    else writeAnswer(response, reply, desk.condition);
  });
  if (method === 'POST') desk.injected();
}

/** A real node closes the connection after JSON in chunks without saying so. */
function writeAnswer(
  response: ServerResponse,
  { status, headers, body }: Answer,
  condition: () => Condition,
): void {
  const { socket } = response;
  const isChunkedJson = 'content-type' in headers && 'transfer-encoding' in headers;
  if (isChunkedJson && status === 200) response.on('finish', () => void socket?.end());
  writeHead(response, status, { ...headers, ...dateOf(condition()) });
  if (condition().fault === 'truncated') {
    response.write(body.slice(0, Math.floor(body.length / 2)), () => void response.destroy());
    return;
  }
  const water = faucet(response, () => bytesPerSecond(condition()));
  water.write(body);
  water.end();
}

/** Octez sends no date; a proxy on the machine of a node does, by its clock. */
function dateOf(condition: Condition): Readonly<Record<string, string>> {
  if (condition.fault !== 'clock') return {};
  return { date: new Date(Date.now() + condition.ms).toUTCString() };
}
