import { expect, test } from 'vitest';
import { seededRandom } from './index.ts';

test('the same seed gives the same draws', () => {
  const [one, two] = [seededRandom(42), seededRandom(42)];
  expect(one.bytes(64)).toEqual(two.bytes(64));
  expect(one.bytes(64)).not.toEqual(seededRandom(43).bytes(64));
});

test('every value below the bound is drawn about equally often', () => {
  const random = seededRandom(7);
  const counts = [0, 0, 0, 0, 0, 0];
  for (let draw = 0; draw < 60_000; draw++) counts[random.whole(6)]! += 1;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test('a bound that is not a positive whole number is a programmer’s error', () => {
  const random = seededRandom(1);
  for (const bound of [0, -1, 1.5, 2 ** 32 + 1]) expect(() => random.whole(bound)).toThrow(/bound/);
  expect(() => random.pick([])).toThrow(/bound/);
});
