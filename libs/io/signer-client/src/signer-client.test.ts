import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { publicKeyHashOf, publicKeyOf, secretKeyOfSeed, sign } from '@meridian/tezos/crypto';
import { signerClient, type SignerClient } from './index.ts';

const secret = secretKeyOfSeed('tz1', new Uint8Array(32).fill(1));
const pkh = publicKeyHashOf(publicKeyOf(secret));
const payload = Uint8Array.of(1, 2, 3);
const signature = sign(secret, payload);

const servers: Server[] = [];
const clients: SignerClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
});

/** The address of a real HTTP server that answers so. */
async function signer(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
}

function client(
  urls: readonly string[],
  limits: Parameters<typeof signerClient>[1] = {},
): SignerClient {
  const made = signerClient(urls, { timeoutMs: 60, deadlineMs: 300, pauseMs: 5, ...limits });
  clients.push(made);
  return made;
}

const signs: RequestListener = (_request, response) => {
  response.end(JSON.stringify({ signature }));
};
const refuses =
  (status: number, code: string): RequestListener =>
  (_request, response) => {
    const trace = [
      { kind: 'temporary', id: 'failure', msg: 'no' },
      { kind: 'temporary', id: `meridian.${code}` },
    ];
    response.writeHead(status).end(JSON.stringify(trace));
  };

describe('a signature', () => {
  test('is asked for by address and bytes', async () => {
    const asked: string[] = [];
    const url = await signer((request, response) => {
      request.on('data', (body: Buffer) => asked.push(`${request.url ?? ''} ${body.toString()}`));
      request.on('end', () => signs(request, response));
    });
    expect(await client([url]).sign(pkh, payload)).toEqual({ kind: 'signature', signature });
    expect(asked).toEqual([`/keys/${pkh}?version=3 "010203"`]);
  });

  test.each<[string, RequestListener]>([
    ['cuts the connection', request => request.socket.destroy()],
    ['says nothing', () => undefined],
    ['waits for its store', refuses(503, 'store_unavailable')],
    ['stops in the middle', (_request, response) => response.write('{"sig')],
    [
      'never comes to an end',
      (_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(100_000)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      },
    ],
  ])('comes from the second signer when the first one %s', async (_what, answer) => {
    const urls = [await signer(answer), await signer(signs)];
    const both = client(urls);
    expect(await both.sign(pkh, payload)).toEqual({ kind: 'signature', signature });
    const before = performance.now();
    expect(await both.sign(pkh, payload)).toEqual({ kind: 'signature', signature });
    // The one that answered is asked first from now on.
    expect(performance.now() - before).toBeLessThan(60);
  });

  test('comes late when a signer needs some time to be able', async () => {
    let tries = 0;
    const url = await signer((request, response) => {
      tries += 1;
      (tries < 4 ? refuses(503, 'store_unavailable') : signs)(request, response);
    });
    expect(await client([url]).sign(pkh, payload)).toEqual({ kind: 'signature', signature });
  });

  test('is asked for 500 times at once', async () => {
    const all = client([await signer(signs)], { timeoutMs: 5_000, deadlineMs: 5_000 });
    const outcomes = await Promise.all(Array.from({ length: 500 }, () => all.sign(pkh, payload)));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['signature']));
  });
});

describe('many questions at once', () => {
  const times = (of: SignerClient, count: number) =>
    Promise.all(Array.from({ length: count }, () => of.sign(pkh, payload)));

  test('those that wait their turn go straight to the second signer once the first one is silent', async () => {
    const urls = [await signer(() => undefined), await signer(signs)];
    const outcomes = await times(client(urls, { connectionsMax: 4, deadlineMs: 500 }), 200);
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['signature']));
  });

  test('time is counted for each from when it is asked, not from when it began to wait', async () => {
    const asked: string[] = [];
    const slow = await signer((request, response) => {
      setTimeout(() => signs(request, response), 20);
    });
    const second = await signer((request, response) => {
      asked.push(request.url ?? '');
      signs(request, response);
    });
    const limits = { connectionsMax: 2, timeoutMs: 150, deadlineMs: 5_000 };
    await times(client([slow, second], limits), 40);
    expect(asked).toEqual([]);
  });

  test('more than may wait are not asked at all', async () => {
    const limits = { connectionsMax: 1, waitingMax: 2 };
    const outcomes = await times(client([await signer(signs)], limits), 5);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual([
      ...['signature', 'signature', 'signature', 'unavailable', 'unavailable'],
    ]);
  });
});

describe('no signature', () => {
  test('a refusal is final: nobody else is asked', async () => {
    let others = 0;
    const other = await signer((request, response) => {
      others += 1;
      signs(request, response);
    });
    const outcome = await client([await signer(refuses(409, 'conflicting_vote')), other]).sign(
      pkh,
      payload,
    );
    expect(outcome).toMatchObject({ kind: 'refused', status: 409, code: 'conflicting_vote' });
    expect(others).toBe(0);
  });

  test('says why each signer gave none, in time', async () => {
    const urls = [await signer(() => undefined), await signer(refuses(503, 'vault_unavailable'))];
    const before = performance.now();
    const outcome = await client(urls).sign(pkh, payload);
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(outcome).toMatchObject({ kind: 'unavailable' });
  });

  test('rubbish is none', async () => {
    const url = await signer((_request, response) => response.end('{"signature":"edsigrubbish"}'));
    expect(await client([url]).sign(pkh, payload)).toMatchObject({ kind: 'unavailable' });
  });
});

describe('marks', () => {
  test('are read from the first signer that can say', async () => {
    const marks = [{ kind: 'attestation', level: 7 }];
    const url = await signer((_request, response) => response.end(JSON.stringify({ marks })));
    const dead = await signer(request => request.socket.destroy());
    expect(await client([dead, url]).marks(pkh)).toEqual(marks);
  });

  test('are undefined when nobody can', async () => {
    const url = await signer((_request, response) => response.end('rubbish'));
    expect(await client([url]).marks(pkh)).toBeUndefined();
    expect(
      await client([await signer(request => request.socket.destroy())]).marks(pkh),
    ).toBeUndefined();
  });
});
