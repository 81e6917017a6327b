import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { coldReads, NodeError, type ColdReads } from './index.ts';

const open: { readonly reads: ColdReads; readonly server: Server }[] = [];

afterEach(async () => {
  for (const { reads, server } of open.splice(0)) {
    await reads.close();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
});

/** Reads from a real HTTP server that answers so. */
async function readsFrom(
  answer: RequestListener,
  limits: Parameters<typeof coldReads>[1] = {},
): Promise<ColdReads> {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reads = coldReads(`http://127.0.0.1:${port.toString()}`, limits);
  open.push({ reads, server });
  return reads;
}

async function failure(read: Promise<unknown>): Promise<NodeError> {
  const error = await read.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NodeError);
  return error as NodeError;
}

describe('reading', () => {
  test('a block is asked for by its name and comes back as the node gave it', async () => {
    const asked: string[] = [];
    const reads = await readsFrom((request, response) => {
      asked.push(request.url ?? '');
      response.end('{"hash":"B","header":{"level":7}}');
    });
    expect(await reads.block('head~2')).toEqual({ hash: 'B', header: { level: 7 } });
    expect(await reads.ofBlock('7', 'helpers/validators?level=7')).toBeDefined();
    expect(asked).toEqual([
      '/chains/main/blocks/head~2',
      '/chains/main/blocks/7/helpers/validators?level=7',
    ]);
  });

  test('any path is read as it stands, every one of its parameters included', async () => {
    const asked: string[] = [];
    const reads = await readsFrom((request, response) => {
      asked.push(request.url ?? '');
      response.end('"NetXdQprcVkpaWU"');
    });
    expect(await reads.get('/chains/main/chain_id')).toBe('NetXdQprcVkpaWU');
    await reads.ofBlock('head', 'helpers/validators?delegate=tz1a&delegate=tz1b');
    expect(asked).toEqual([
      '/chains/main/chain_id',
      '/chains/main/blocks/head/helpers/validators?delegate=tz1a&delegate=tz1b',
    ]);
  });

  test('what would wait behind too many others fails at once', async () => {
    const answers: (() => void)[] = [];
    const reads = await readsFrom(
      (_request, response) => {
        answers.push(() => response.end('1'));
        if (answers.length === 1) setTimeout(() => answers[0]?.(), 100);
        else response.end('2');
      },
      { connectionsMax: 1, queuedMax: 3 },
    );
    const first = reads.get('/1');
    await until(() => answers.length === 1);
    const more = Array.from({ length: 5 }, () => reads.get('/2'));
    const outcomes = await Promise.allSettled([first, ...more]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'],
      ...['rejected', 'rejected'],
    ]);
    expect((await failure(more[4]!)).message).toContain('3 reads of this node wait already');
    expect(await reads.get('/2')).toBe(2);
  });

  test('closing fails what waits and what is under way', async () => {
    let tries = 0;
    const reads = await readsFrom(() => (tries += 1), { connectionsMax: 2 });
    const all = Array.from({ length: 10 }, () => failure(reads.get('/1')));
    await until(() => tries === 2);
    await reads.close();
    const errors = await Promise.all(all);
    expect(errors.map(({ code }) => code)).toEqual(Array(10).fill('unreachable'));
    expect(errors.filter(({ message }) => message.includes('are closed'))).toHaveLength(8);
    expect(tries).toBe(2);
  });

  test('a connection that breaks is tried once more, on a new one', async () => {
    let tries = 0;
    const reads = await readsFrom((request, response) => {
      tries += 1;
      if (tries === 1) request.socket.destroy();
      else response.end('"B"');
    });
    expect(await reads.ofBlock('head', 'hash')).toBe('B');
    expect(tries).toBe(2);
  });

  test('no more requests than connections are under way at once', async () => {
    const waiting: (() => void)[] = [];
    let most = 0;
    const reads = await readsFrom(
      (_request, response) => {
        waiting.push(() => response.end('1'));
        most = Math.max(most, waiting.length);
        // Answered by threes, and late, so that a fourth request would have come in meanwhile.
        if (waiting.length === 3)
          afterTurns(10, () =>
            waiting.splice(0).forEach(end => {
              end();
            }),
          );
      },
      { connectionsMax: 3 },
    );
    await Promise.all(Array.from({ length: 21 }, () => reads.ofBlock('head', 'hash')));
    expect(most).toBe(3);
  });
});

/** Resolves when `holds` does, looking once a turn of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setImmediate(resolve));
}

/** Runs `then` after some turns of the event loop. */
function afterTurns(turns: number, then: () => void): void {
  setImmediate(() => {
    if (turns === 0) then();
    else afterTurns(turns - 1, then);
  });
}

describe('a node that does not answer as it should', () => {
  test('a refusal carries status and words, and is not repeated', async () => {
    let tries = 0;
    const reads = await readsFrom((_request, response) => {
      tries += 1;
      response.writeHead(404).end('[{"id":"failure"}]');
    });
    const error = await failure(reads.ofBlock('head', 'hash'));
    expect([error.code, error.status, tries]).toEqual(['refused', 404, 1]);
    expect(error.message).toContain(
      '/chains/main/blocks/head/hash: status 404: [{"id":"failure"}]',
    );
  });

  test('rubbish is a bad answer', async () => {
    const reads = await readsFrom((_request, response) => response.end('{"half":'));
    expect((await failure(reads.block('head'))).code).toBe('bad_answer');
  });

  test('an endless body ends at the limit', async () => {
    const reads = await readsFrom(
      (_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(10_000)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      },
      { bodyBytesMax: 50_000 },
    );
    const error = await failure(reads.block('head'));
    expect(error.code).toBe('bad_answer');
    expect(error.message).toContain('more than 50000 bytes');
  });

  test('silence ends at the time limit', async () => {
    const reads = await readsFrom(() => undefined, { timeoutMs: 50 });
    expect((await failure(reads.block('head'))).code).toBe('timeout');
  });

  test('a body that stops halfway ends at the time limit', async () => {
    const reads = await readsFrom((_request, response) => response.write('{"hash":'), {
      timeoutMs: 50,
    });
    expect((await failure(reads.block('head'))).code).toBe('timeout');
  });

  test('a port where nobody listens is unreachable', async () => {
    const reads = await readsFrom(() => undefined);
    const server = open.at(-1)?.server;
    await new Promise(resolve => server?.close(resolve));
    expect((await failure(reads.block('head'))).code).toBe('unreachable');
  });

  test('an address that is none is refused at once', () => {
    expect(() => coldReads('ftp://node')).toThrow(/no http or https address/);
    expect(() => coldReads('localhost:8732')).toThrow(/no http or https address/);
  });
});
