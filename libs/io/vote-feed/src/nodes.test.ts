import type { StreamState } from '@meridian/chain-view';
import type { NodeMessage } from '@meridian/node-pool';
import { instant } from '@meridian/prelude';
import { stepLine, type LineEvent } from '@meridian/vote-line';
import { expect, test } from 'vitest';
import { driveLine, readAll, wordOf, type Outside } from './index.ts';

const at = instant(1_000);

test('all nodes are asked at once, and each answer and each failure is a word of its own', async () => {
  const heard: LineEvent[] = [];
  const pool = {
    nodes: () => ['one', 'two'].map(name => ({ name, url: 'http://127.0.0.1:1' })),
    read: (node: string, path: string) =>
      node === 'one' ? Promise.resolve(path) : Promise.reject(new Error('away')),
  };
  const topic = { kind: 'chain' } as const;
  await new Promise<void>(resolve => {
    readAll(
      pool,
      () => at,
      topic,
      event => {
        heard.push(event);
        if (heard.length === 2) resolve();
      },
    );
  });
  const value = '/chains/main/blocks/head/header';
  expect(heard).toEqual([
    { kind: 'answer', node: 'one', at, topic, value },
    { kind: 'unanswered', node: 'two', at, topic },
  ]);
});

const from = { node: 'one', at, stream: 'heads' } as const;
const fault = { ...from, kind: 'fault', message: 'status' } as const;
const closed = { ...from, kind: 'stream-closed' } as const;

test.each<readonly [string, NodeMessage, StreamState]>([
  ['is asked for', { ...from, kind: 'stream-opening' }, 'opening'],
  ['is open', { ...from, kind: 'stream-open' }, 'open'],
  ['was ended in order', { ...closed, reason: 'ended' }, 'opening'],
  ['was given up', { ...closed, reason: 'restarted' }, 'opening'],
  ['broke', { ...closed, reason: 'lost' }, 'failing'],
  ['was rubbish', { ...closed, reason: 'rubbish' }, 'failing'],
  ['is not there', { ...fault, code: 'bad_status', status: 404 }, 'failing'],
  ['is not given to us', { ...fault, code: 'refused', status: 403 }, 'refused'],
])('of a stream that %s the line is told so', (_what, message, state) => {
  expect(wordOf(message)).toEqual({ ...from, kind: 'stream', state });
});

test('what a line wants read is asked, and everything that it hears is seen with what came of it', () => {
  const read: unknown[] = [];
  const seen: unknown[] = [];
  const never = (): never => {
    throw new Error('nothing of this is wanted');
  };
  const outside: Outside = {
    clock: () => at,
    ...{ verifier: { verify: never, verifyAggregate: never }, check: never },
    ...{ sign: never, mark: never, inject: never, restart: never, wakeAt: never },
    read: topic => read.push(topic),
    observe: (event, effects) => seen.push([event, effects]),
  };
  const view = { chainId: 'NetXdQprcVkpaWU', keys: new Set(), quorum: 1 } as never;
  const line = driveLine(view, { sign: 'at_prequorum' }, outside);
  const before = line.state();
  const event: LineEvent = { kind: 'stream', node: 'one', at, stream: 'heads', state: 'open' };
  line.hear(event);
  const [next, effects] = stepLine(before, outside.verifier, event);
  expect(read).toEqual([{ kind: 'chain' }]);
  expect(seen).toEqual([[event, effects]]);
  expect(line.state()).toEqual(next);
});
