import { expect, test } from 'vitest';
import { simulate } from './simulate.ts';

const TIMEOUT_MS = 30_000;

test(
  'every right is attested in bad weather: missed rounds, lost quorums, silent nodes, a restart',
  async () => {
    const silent = [
      { node: 1, from: 6, to: 18 },
      { node: 2, from: 6, to: 18 },
      { node: 3, from: 10, to: 14 },
      { node: 4, from: 10, to: 14 },
    ];
    const of = { seed: 5, levels: 24, protocol: '025', silent, restarts: [20] };
    const result = await simulate(of);
    expect(result).toMatchObject({ missed: [], doubleSigns: 0 });
    expect(result.rights).toBeGreaterThanOrEqual(24);
    expect(result.rounds).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'without nodes nothing is voted, and nothing breaks',
  async () => {
    const silent = [1, 2, 3, 4, 5].map(node => ({ node, from: 0, to: 99 }));
    const result = await simulate({ seed: 5, levels: 4, protocol: '024', silent, restarts: [] });
    expect(result).toMatchObject({ attested: 0, doubleSigns: 0 });
  },
  TIMEOUT_MS,
);

test(
  'the same seed gives the same result',
  async () => {
    const of = { seed: 9, levels: 8, protocol: '023', silent: [], restarts: [3] };
    expect(await simulate(of)).toEqual(await simulate(of));
  },
  TIMEOUT_MS,
);
