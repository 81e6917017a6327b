import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CELLS, type Cell } from './cells.ts';
import { LEVELS_MIN, playCell, simulationOf } from './play.ts';

/* The cells that matter most, for some levels; `npm run night` plays all of them for a thousand. */

const TIMEOUT_MS = 60_000;
const KEY_CELLS = [
  ...['refuse 4', 'blackhole 4', 'stale 4', 'slow 4', 'cut 4', 'behind 4', 'clock 4'],
  ...['lying 2', 'lying 3', '2 dead, 1 lying', '2 dead, 2 lying', '2 lying, 3 stale'],
  ...['3 dead, past the agreed rights', '2 lying, troubles of the chain'],
  ...['refuse 4, protocol 023', 'lying 2, protocol 023'],
];

function cellNamed(name: string): Cell {
  const found = CELLS.find(cell => cell.name === name);
  if (found === undefined) throw new Error(`there is no cell ${name}`);
  return found;
}

test.each(KEY_CELLS.map(name => [name, cellNamed(name).expects]))(
  '%s: %s',
  async name => {
    const played = await playCell(cellNamed(name), LEVELS_MIN, 1);
    expect(played).toMatchObject({ why: null, held: true, rights: LEVELS_MIN, wrongVotes: 0 });
  },
  TIMEOUT_MS,
);

test(
  'a cell of which too much is expected fails, and says why',
  async () => {
    const played = await playCell({ ...cellNamed('refuse 5'), expects: 'all' }, LEVELS_MIN, 1);
    expect(played.held).toBe(false);
    expect(played.why).toMatch(/^\d+ rights missed$/);
  },
  TIMEOUT_MS,
);

test('a cell that ends by an error is a cell that failed', async () => {
  const played = await playCell({ ...cellNamed('none'), protocol: '999' }, LEVELS_MIN, 1);
  expect(played).toMatchObject({ held: false, why: 'died: there is no protocol 999', rights: 0 });
});

test('every ailment has a cell for each number of nodes, and no two cells share a name', () => {
  const names = CELLS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const plain = CELLS.filter(({ name }) => /^[a-z]+ [1-5]$/.test(name));
  expect(plain).toHaveLength(8 * 5);
  for (const { name, ailments } of plain) {
    const [kind, k] = name.split(' ');
    expect(ailments.map(ailment => ailment.kind)).toEqual(Array(Number(k)).fill(kind));
  }
});

test('in a spell every ailment of a cell has a node of its own', () => {
  const { spells = [] } = simulationOf(cellNamed('2 lying, 3 stale'), 200, 3);
  for (const from of new Set(spells.map(each => each.from))) {
    const now = spells.filter(each => each.from === from);
    expect(now.map(({ node }) => node).toSorted()).toEqual([1, 2, 3, 4, 5]);
  }
});

test('nonsense is answered with the option, and status 2', () => {
  const main = join(import.meta.dirname, 'main.ts');
  const { status, stderr } = spawnSync(process.execPath, [main, '--levels', 'many']);
  expect(stderr.toString()).toContain('--levels is a whole number from 60');
  expect(status).toBe(2);
});
