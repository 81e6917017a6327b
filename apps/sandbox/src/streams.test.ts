import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { StreamAnswer } from '@meridian/sandbox-chain';
import { WELL, type Condition } from './faults.ts';
import { listen, shut, urlOf } from './http.ts';
import { listenTo, type Listening } from './http-fixture.ts';
import { openStreams } from './streams.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map(shut));
});

type Opened = {
  readonly client: Listening;
  readonly push: (text: string) => void;
  readonly end: () => void;
  readonly suffer: (condition: Condition) => void;
  readonly stopped: Promise<void>;
};

/** One stream over HTTP, fed by hand. */
async function open(): Promise<Opened> {
  let condition = WELL;
  const streams = openStreams(
    () => condition,
    () => 0,
  );
  const hands: { push?: (text: string) => void; end?: () => void } = {};
  let stop = (): void => undefined;
  const stopped = new Promise<void>(resolve => {
    stop = resolve;
  });
  const reply: StreamAnswer = {
    status: 200,
    headers: {},
    stream: (push, end) => {
      Object.assign(hands, { push, end });
      return stop;
    },
  };
  const server = createServer((_request, response) => {
    streams.open(response, reply);
  });
  servers.push(server);
  const client = await listenTo(urlOf(await listen(server, 0)));
  return {
    client,
    push: text => {
      hands.push?.(text);
    },
    end: () => {
      hands.end?.();
    },
    suffer: next => {
      condition = next;
    },
    stopped,
  };
}

test('what is said into a black hole is never heard, not even its end', async () => {
  const { client, push, end, suffer } = await open();
  push('1\n');
  suffer({ fault: 'blackhole' });
  push('2\n');
  end();
  suffer(WELL);
  push('3\n');
  expect(await client.until(text => text.includes('3'))).toBe('1\n3\n');
});

test('a client that does not read is cut off', async () => {
  const { client, push, stopped } = await open();
  const line = 'x'.repeat(1024 * 1024);
  client.pause();
  for (let count = 0; count < 32; count += 1) push(line);
  await stopped;
});

test('who goes away is told nothing more', async () => {
  const { client, stopped } = await open();
  client.stop();
  await stopped;
});
