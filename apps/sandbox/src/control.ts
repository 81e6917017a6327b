import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { EdgeNode } from './edge-node.ts';
import { readAilment, WELL, wordsOf, type Condition } from './faults.ts';
import { SandboxError } from './errors.ts';
import { listen, shut, targetOf, urlOf } from './http.ts';
import type { Scoreboard } from './scoreboard.ts';

/** The server that watches and steers the sandbox. */
export type Control = { readonly url: string; readonly close: () => Promise<void> };

/** What it watches and steers. */
export type ControlOptions = {
  readonly port: number;
  readonly nodes: readonly EdgeNode[];
  readonly scoreboard: Scoreboard;
  readonly stop: () => void;
};

/** What may wait for a reader of levels that is slow; a stream with more is cut. */
const STREAM_BUFFER_BYTES_MAX = 4 * 1024 * 1024;

type Handler = (
  options: ControlOptions,
  response: ServerResponse,
  parts: readonly string[],
) => void;

/** What can be asked, by method and the first part of the path. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  'GET summary': ({ scoreboard }, response) => {
    say(response, 200, scoreboard.summary());
  },
  'GET nodes': ({ nodes }, response) => {
    say(response, 200, nodes.map(describe));
  },
  'GET levels': ({ scoreboard }, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    const stop = scoreboard.follow(right => {
      response.write(`${JSON.stringify(right)}\n`);
      if (response.writableLength > STREAM_BUFFER_BYTES_MAX) response.destroy();
    });
    response.on('close', stop);
  },
  'POST nodes': ({ nodes }, response, [, name, wanted]) => {
    const node = nodes.find(each => each.name === name);
    if (node === undefined) {
      say(response, 404, { error: `unknown node ${name ?? ''}` });
      return;
    }
    const condition = conditionNamed(decodeURIComponent(wanted ?? ''));
    node.suffer(condition).then(
      () => {
        say(response, 200, describe(node));
      },
      (error: unknown) => {
        say(response, 500, { error: error instanceof Error ? error.message : 'unknown' });
      },
    );
  },
  'POST stop': ({ stop }, response) => {
    response.on('finish', stop);
    say(response, 200, { stopping: true });
  },
};

/**
 * Starts the control server on loopback.
 * @throws SandboxError `port_taken`
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const server = createServer((request, response) => {
    request.resume();
    answer(options, request, response);
  });
  const url = urlOf(await listen(server, options.port));
  return { url, close: () => shut(server) };
}

function answer(options: ControlOptions, request: IncomingMessage, response: ServerResponse): void {
  const parts = targetOf(request)?.pathname.split('/').slice(1) ?? [];
  const handler = HANDLERS[`${request.method ?? ''} ${parts[0] ?? ''}`];
  if (handler === undefined) {
    const known = Object.keys(HANDLERS).join(', ');
    say(response, 404, { error: `there is only ${known}` });
    return;
  }
  try {
    handler(options, response, parts);
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    say(response, 404, { error: error.message });
  }
}

/**
 * `ok`, or a fault with what it takes, such as `slow:500`.
 * @throws SandboxError `misused`
 */
function conditionNamed(text: string): Condition {
  return text === WELL.fault ? WELL : readAilment(text);
}

function describe(node: EdgeNode): object {
  return { name: node.name, url: node.url, condition: wordsOf(node.condition()) };
}

function say(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}
