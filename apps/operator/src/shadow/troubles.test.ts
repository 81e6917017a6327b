import { instant } from '@meridian/prelude';
import { level, toBase58 } from '@meridian/tezos';
import type { LineEvent } from '@meridian/vote-line';
import { expect, test } from 'vitest';
import { troubleTeller } from './troubles.ts';

const at = instant(0);
const rights = { kind: 'rights', level: level(25) } as const;
const asked = (kind: 'answer' | 'unanswered', topic: object = rights): LineEvent =>
  ({ kind, node: 'one', at, topic, value: {} }) as never;

function told(...events: readonly LineEvent[]): readonly string[] {
  const lines: string[] = [];
  const troubles = troubleTeller(line => lines.push(line));
  for (const event of events) troubles.ofLine(event, []);
  return lines;
}

test('a node that leaves a topic open three times in a row is named once', () => {
  const no = asked('unanswered');
  expect(told(no, no)).toEqual([]);
  expect(told(no, no, asked('answer'), no, no)).toEqual([]);
  expect(told(no, no, no, no)).toEqual([
    expect.stringMatching(/^one: no answer about rights, such as .*validators\?level=25$/),
  ]);
});

test('that nobody knows the block of a liar is no trouble of a node', () => {
  const hash = toBase58('blockHash', new Uint8Array(32));
  const no = asked('unanswered', { kind: 'header', hash });
  expect(told(no, no, no)).toEqual([]);
});

test('each trouble of each node is said once, and all are counted', () => {
  const lines: string[] = [];
  const troubles = troubleTeller(line => lines.push(line));
  const fault = { kind: 'fault', at, stream: 'heads', code: 'refused' } as const;
  for (const node of ['one', 'two', 'one']) {
    troubles.ofNode({ ...fault, node, message: 'status 401', status: 401 });
  }
  troubles.ofNode({
    ...fault,
    node: 'one',
    stream: 'operations',
    message: 'status 404',
    status: 404,
  });
  troubles.ofLine({ kind: 'tick', at }, [{ kind: 'fault', node: 'two', code: 'wrong_owner' }]);
  const acl = 'refused: .*status 401.*; its ACL has to allow this path$';
  expect(lines).toEqual([
    expect.stringMatching(`^one: stream /monitor/heads/main: ${acl}`),
    expect.stringMatching(`^two: stream /monitor/heads/main: ${acl}`),
    expect.stringMatching(/^one: stream .*monitor_operations: refused: .*status 404\)$/),
    expect.stringMatching(/^two: not believed: wrong_owner: /),
  ]);
  expect(troubles.counts()).toEqual({
    one: { 'refused heads': 2, 'refused operations': 1 },
    two: { 'refused heads': 1, wrong_owner: 1 },
  });
});
