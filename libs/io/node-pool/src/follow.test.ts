import { afterEach, expect, test } from 'vitest';
import { followNodes, openNodePool } from './index.ts';
import { answering, serve } from './fixtures/node.ts';
import { endAll, ours } from './fixtures/pool.ts';
import { recorder } from './fixtures/recorder.ts';

afterEach(endAll);

/** A node, and the method and path of each request that it gets. */
async function watched() {
  const asked = recorder<string>();
  const answer = answering({});
  const node = ours.node(
    await serve((request, response) => {
      asked.add(`${request.method ?? ''} ${(request.url ?? '').replace(/\?.*/, '')}`);
      answer(request, response);
    }),
  );
  return { asked, nodes: [{ name: 'edge', url: node.url }] };
}

const STREAMS = [
  'GET /chains/main/mempool/monitor_operations',
  'GET /monitor/heads/main',
  'GET /monitor/validated_blocks',
];

test('who only follows nodes asks for streams and what is read, and has nothing to post with', async () => {
  const { asked, nodes } = await watched();
  const watch = followNodes({ nodes }, () => undefined);
  await asked.count(3);
  await expect(watch.read('edge', '/chains/main/chain_id')).rejects.toMatchObject({
    code: 'refused',
  });
  await watch.close();
  expect([...asked.all].sort()).toEqual(['GET /chains/main/chain_id', ...STREAMS].sort());
  expect(Object.keys(watch).sort()).toEqual(['close', 'nodes', 'read', 'restart']);
});

test('who may inject keeps a connection for it warm besides', async () => {
  const { asked, nodes } = await watched();
  ours.pool(openNodePool({ nodes }, () => undefined));
  await asked.count(4);
  expect([...asked.all].sort()).toEqual([...STREAMS, 'GET /version'].sort());
});
