import { checkJobs } from '@meridian/chain-view';
import { startProxy, type Proxy } from '@meridian/faults';
import { followNodes, type NodeMessage } from '@meridian/node-pool';
import { fineClock } from '@meridian/prelude';
import type { ChainId } from '@meridian/tezos';
import { driveLine, nativeVerifier, readAll, wordOf, type DrivenLine } from '@meridian/vote-feed';
import type { LineEffect } from '@meridian/vote-line';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type Child } from './child.ts';

/*
 * Real sockets: of two nodes one is behind a proxy that lets connections stand and nothing through. Its streams have no
 * end that anybody could see.
 */

const TIMEOUT_MS = 60_000;
const TICK_MS = 100;
const STREAMS = ['heads', 'operations', 'validated_blocks'];

type Node = { readonly name: string; readonly url: string };

let sandbox: Child;
let proxy: Proxy;
let nodes: readonly Node[];
let chainId: ChainId;

beforeAll(async () => {
  sandbox = startApp('sandbox', ['--nodes', '2', '--block-time', '1'], 'sandbox', () => undefined);
  const ready = (await sandbox.ready) as unknown as { readonly nodes: readonly [Node, Node] };
  const [one, two] = ready.nodes;
  proxy = await startProxy({ target: { host: '127.0.0.1', port: Number(new URL(two.url).port) } });
  nodes = [one, { name: two.name, url: `http://127.0.0.1:${proxy.port}` }];
  chainId = (await (await fetch(`${one.url}/chains/main/chain_id`)).json()) as ChainId;
}, TIMEOUT_MS);
afterAll(async () => {
  await proxy.close();
  sandbox.kill('SIGTERM');
  await sandbox.ended;
});

test(
  'streams through which nothing comes any more are opened anew, and the others are left alone',
  async () => {
    const clock = fineClock(Date.now, () => performance.now());
    const heard: (NodeMessage | LineEffect)[] = [];
    const waiting = new Set<() => void>();
    const note = (each: NodeMessage | LineEffect): void => {
      heard.push(each);
      for (const look of waiting) look();
    };
    /** Waits for this to come, after so much of what was heard. */
    const until = (after: number, fits: (all: readonly (NodeMessage | LineEffect)[]) => boolean) =>
      new Promise<void>(resolve => {
        const look = (): void => {
          if (!fits(heard.slice(after))) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    const watch = followNodes({ nodes, clock }, message => {
      note(message);
      line.hear(wordOf(message));
    });
    const verifier = nativeVerifier();
    const line: DrivenLine = driveLine(
      { chainId, keys: new Set(), quorum: 1 },
      { sign: 'at_prequorum' },
      {
        ...{ clock, verifier, check: jobs => Promise.resolve(checkJobs(verifier, jobs)) },
        ...{ sign: () => Promise.resolve(undefined), mark: () => Promise.resolve(null) },
        ...{ inject: () => undefined, wakeAt: () => undefined },
        read: topic => readAll(watch, clock, topic, event => line.hear(event)),
        restart: (node, stream) => watch.restart(node, stream),
        observe: (_event, effects) => effects.forEach(note),
      },
    );
    const ticking = setInterval(() => line.hear({ kind: 'tick', at: clock() }), TICK_MS);
    const isOf = (kind: string, node: string) => (each: NodeMessage | LineEffect) =>
      each.kind === kind && 'node' in each && each.node === node;
    try {
      const bothSpeak = (all: readonly (NodeMessage | LineEffect)[]): boolean =>
        nodes.every(({ name }) => all.filter(isOf('head', name)).length >= 3);
      await until(0, bothSpeak);
      const before = heard.length;
      proxy.blackhole();
      await until(before, all => {
        const streams = all.flatMap(each => (each.kind === 'restart' ? [each.stream] : []));
        return STREAMS.every(name => streams.some(stream => stream === name));
      });
      const restarts = heard.filter(each => each.kind === 'restart');
      expect(new Set(restarts.map(({ node }) => node))).toEqual(new Set([nodes[1]!.name]));
      const closed = heard.slice(before).filter(isOf('stream-closed', nodes[1]!.name));
      expect(closed).toContainEqual(expect.objectContaining({ reason: 'restarted' }));
      await proxy.heal();
      await until(heard.length, bothSpeak);
    } finally {
      clearInterval(ticking);
      await watch.close();
    }
  },
  TIMEOUT_MS,
);
