import { createServer, type ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { listen, openMetrics, serveOperations, type Check, type Listening } from './index.ts';

const open: Listening[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const TABLE = {
  votes_total: { type: 'counter', help: 'Votes.', labels: { kind: ['attestation'] } },
  faults_total: { type: 'counter', help: 'Faults.', labels: { node: 'configured' } },
  level: { type: 'gauge', help: 'Level.' },
  took_seconds: { type: 'histogram', help: 'Time.' },
} as const;

async function serve(checks: Readonly<Record<string, Check | Promise<Check>>>) {
  const metrics = openMetrics('endorser', TABLE, { node: ['edge'] });
  const server = await serveOperations(
    { host: '127.0.0.1', port: 0 },
    { metrics, checks: () => checks, status: () => ({ level: 7 }) },
  );
  open.push(server);
  const get = (path: string) => fetch(`http://127.0.0.1:${server.port.toString()}${path}`);
  return { metrics, get };
}

test('metrics have their prefix, and values of labels that nobody foresaw count as other', async () => {
  const { metrics, get } = await serve({});
  metrics.record('votes_total', 2, { kind: 'attestation' });
  metrics.record('votes_total', 1, { kind: 'surprise' });
  metrics.record('faults_total', 3, { node: 'edge' });
  metrics.record('faults_total', 4, { node: 'nobody' });
  metrics.record('level', 7);
  metrics.record('took_seconds', 0.003);
  const text = await (await get('/metrics')).text();
  expect(text).toContain('meridian_endorser_votes_total{kind="attestation"} 2');
  expect(text).toContain('meridian_endorser_votes_total{kind="other"} 1');
  expect(text).toContain('meridian_endorser_faults_total{node="edge"} 3');
  expect(text).toContain('meridian_endorser_faults_total{node="other"} 4');
  expect(text).toContain('meridian_endorser_level 7');
  expect(text).toContain('meridian_endorser_took_seconds_bucket{le="0.004"} 1');
});

test('a daemon is alive while it answers, and ready when every check holds', async () => {
  const ready = await serve({ store: true });
  expect((await ready.get('/readyz')).status).toBe(200);
  const waiting = await serve({ store: 'another process holds it' });
  expect((await waiting.get('/healthz')).status).toBe(200);
  const answer = await waiting.get('/readyz');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({
    ready: false,
    checks: { store: 'another process holds it' },
  });
  expect(await (await waiting.get('/status')).json()).toEqual({ level: 7 });
});

test('a check that gives no answer does not hold, and holds nothing up', async () => {
  const { get } = await serve({ store: new Promise<Check>(() => undefined), vault: true });
  const answer = await get('/readyz');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({
    ready: false,
    checks: { store: 'gives no answer in time', vault: true },
  });
});

test('a server that closes lets a request come to its end, and takes no other', async () => {
  const responses: ServerResponse[] = [];
  const asked = Promise.withResolvers<undefined>();
  const server = createServer((_request, response) => {
    responses.push(response);
    asked.resolve(undefined);
  });
  const { port, close } = await listen(server.listen(0, '127.0.0.1'));
  const url = `http://127.0.0.1:${port.toString()}/`;
  const answer = fetch(url);
  await asked.promise;
  const closed = close();
  await expect(fetch(url)).rejects.toThrow();
  responses[0]?.end('late');
  expect(await (await answer).text()).toBe('late');
  await closed;
});

test('what else a daemon answers has its own path, query and status; a failure of it is 500', async () => {
  const server = await serveOperations(
    { host: '127.0.0.1', port: 0 },
    {
      ...{ metrics: openMetrics('endorser', TABLE), checks: () => ({}), status: () => ({}) },
      more: {
        '/votes': query => Promise.resolve({ status: 400, body: { levels: query.get('levels') } }),
        '/broken': () => Promise.reject(new Error('broken')),
      },
    },
  );
  open.push(server);
  const get = (path: string) => fetch(`http://127.0.0.1:${server.port.toString()}${path}`);
  const answer = await get('/votes?levels=a%20b');
  expect([answer.status, await answer.json()]).toEqual([400, { levels: 'a b' }]);
  expect((await get('/broken')).status).toBe(500);
});
