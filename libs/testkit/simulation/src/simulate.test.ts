import { ok } from '@meridian/prelude';
import type { WatermarkStore } from '@meridian/watermark-store';
import { describe, expect, test } from 'vitest';
import { FAULTS, simulate, type Fault, type Simulation } from './index.ts';

const TIMEOUT_MS = 60_000;
const ALL = Object.keys(FAULTS) as Fault[];

function of(wish: Partial<Omit<Simulation, 'faults'>>, ...faults: readonly Fault[]): Simulation {
  const plain = { seed: 5, levels: 24, protocol: '025', keys: 1, curves: ['tz1'] } as const;
  return { ...plain, ...wish, faults: new Set(faults) };
}

describe('every right is attested', () => {
  test.each(ALL.map(fault => [fault, FAULTS[fault]] as const))(
    '%s: %s',
    async fault => {
      const result = await simulate(of({ levels: 30 }, fault));
      expect(result).toMatchObject({ rights: 30, missed: 0, doubleSigns: 0, broken: null });
    },
    TIMEOUT_MS,
  );

  test.each(['023', '024', '025', 'alpha'])(
    'in protocol %s, with all of it at once',
    async protocol => {
      const result = await simulate(of({ protocol, levels: 42 }, ...ALL));
      expect(result).toMatchObject({ rights: 42, missed: 0, doubleSigns: 0, broken: null });
      expect(result.laterRounds).toBeGreaterThan(0);
      expect(result.reorganisations).toBeGreaterThan(0);
      expect(result.signerDeaths).toBeGreaterThan(0);
      expect(result.endorserRestarts).toBeGreaterThan(0);
      expect(result.rogueRefusals).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  test(
    'by twelve keys of all curves whose signer dies and whose endorser forgets',
    async () => {
      const wish = { keys: 12, curves: ['tz1', 'tz2', 'tz3', 'tz4'] as const, levels: 8 };
      const faults = ['signer-restarts', 'endorser-restarts', 'missed-rounds', 'reorgs'] as const;
      const result = await simulate(of(wish, ...faults));
      expect(result).toMatchObject({ rights: 96, missed: 0, doubleSigns: 0, broken: null });
    },
    TIMEOUT_MS,
  );
});

test(
  'a right that is missed has a reason: without nodes no block is heard of',
  async () => {
    const ailment = { kind: 'blackhole' } as const;
    const spells = [1, 2, 3, 4, 5].map(node => ({ node, from: 0, to: 99, ailment }));
    const result = await simulate(of({ levels: 4, spells }));
    expect(result).toMatchObject({ attested: 0, doubleSigns: 0, broken: null, signatures: 0 });
    expect(result.missedReasons).toEqual({ block_not_heard: 4 });
  },
  TIMEOUT_MS,
);

test(
  'liars in the majority bring no wrong vote, only none',
  async () => {
    // Three of five lie while two are silent from the start: nothing is agreed on.
    const ailment = { kind: 'blackhole' } as const;
    const spells = [2, 4, 5].map(node => ({ node, from: 0, to: 99, ailment }));
    const result = await simulate(of({ levels: 12, spells }, 'lying'));
    expect(result).toMatchObject({ attested: 0, doubleSigns: 0, broken: null });
    expect(Object.keys(result.missedReasons)).not.toContain('unexplained');
  },
  TIMEOUT_MS,
);

describe('a store that is no guard is found out', () => {
  /** Permits what it refuses, as long as there is a row. */
  const weak =
    (permits: (code: string) => boolean) =>
    (store: WatermarkStore): WatermarkStore => ({
      ...store,
      advance: async request => {
        const decided = await store.advance(request);
        if (decided.ok || !permits(decided.error.code)) return decided;
        const [row] = await store.read(request.chainId, request.pkh);
        return row === undefined ? decided : ok({ row, signature: null });
      },
    });

  test.each(['conflicting_vote', 'below_mark'])(
    'when it permits a %s',
    async code => {
      const wish = of({ levels: 60 }, 'rogue-requests', 'missed-rounds');
      const result = await simulate(
        wish,
        weak(each => each === code),
      );
      expect(result.broken).toMatch(/^signed twice: tz1\w+ (pre)?attestation \d+\/\d+$/);
    },
    TIMEOUT_MS,
  );
});

test(
  'the same seed gives the same result, another seed another one',
  async () => {
    const wish = of({ levels: 12 }, ...ALL);
    const first = await simulate(wish);
    expect(await simulate(wish)).toEqual(first);
    expect(await simulate({ ...wish, seed: 6 })).not.toEqual(first);
  },
  TIMEOUT_MS,
);
