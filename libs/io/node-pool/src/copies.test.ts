import { expect, test } from 'vitest';
import { newCopies } from './copies.ts';

const NODES = ['a', 'b', 'c', 'd', 'e'];

/** Copies whose turns come when the test says so, and where they went. */
function spread(isReady: (node: string) => boolean = () => true, copiesATurn = 4) {
  const went: string[] = [];
  const turns: (() => void)[] = [];
  const copies = newCopies(isReady, copiesATurn, turn => turns.push(turn));
  return {
    send: (vote: number) =>
      copies.send(NODES, (node, urgency) => went.push(`${vote}${node} ${urgency}`)),
    /** What went where since the last time. */
    went: () => went.splice(0),
    turn: () => turns.shift()?.(),
    due: () => turns.length,
  };
}

const copiesOf = (urgency: string, ...copies: readonly string[]): readonly string[] =>
  copies.map(copy => `${copy} ${urgency}`);

test('the first copy of each vote goes at once, to one node after the other', () => {
  const { send, went } = spread();
  for (let vote = 1; vote <= 6; vote += 1) send(vote);
  expect(went()).toEqual(copiesOf('first', '1a', '2b', '3c', '4d', '5e', '6a'));
});

test('no third copy goes before the second of another vote, and each turn sends so many', () => {
  const { send, went, turn, due } = spread();
  for (let vote = 1; vote <= 3; vote += 1) send(vote);
  went();
  expect(due()).toBe(1);
  turn();
  expect(went()).toEqual(copiesOf('further', '1b', '2c', '3d', '1c'));
  turn();
  expect(went()).toEqual(copiesOf('further', '2d', '3e', '1d', '2e'));
  turn();
  expect(went()).toEqual(copiesOf('further', '3a', '1e', '2a', '3b'));
  expect(due()).toBe(0);
});

test('the first copy of a vote that comes between turns waits for none of them', () => {
  const { send, went, turn } = spread();
  send(1);
  went();
  send(2);
  expect(went()).toEqual(copiesOf('first', '2b'));
  turn();
  expect(went()).toEqual(copiesOf('further', '1b', '2c', '1c', '2d'));
});

test('a node that is not ready is not the first, but where none is', () => {
  const one = spread(node => node !== 'a' && node !== 'b');
  one.send(1);
  expect(one.went()).toEqual(copiesOf('first', '1c'));
  one.turn();
  expect(one.went()).toEqual(copiesOf('further', '1d', '1e', '1a', '1b'));
  const none = spread(() => false);
  none.send(1);
  none.send(2);
  expect(none.went()).toEqual(copiesOf('first', '1a', '2b'));
});
