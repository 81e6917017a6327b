import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyOf, PKH, TZ4 } from './fixtures.ts';
import { deliver, deliverNewest, grant, handOver, keep, letGo, lose } from './fixtures-sites.ts';
import { newWorld, nextLevel, provisionAnew, refuseHandOver, renew } from './fixtures-sites.ts';
import { restore, sealOne, sign, useNack, type Act, type World } from './fixtures-sites.ts';

/** What may happen to two sites, each as often as its weight says. */
const ACTS: Readonly<Record<string, readonly [weight: number, act: Act]>> = {
  sign: [40, sign],
  seal: [14, sealOne],
  'next level': [12, nextLevel],
  'hand over': [4, handOver],
  'deliver any authority': [4, deliver],
  'deliver the newest authority': [10, deliverNewest],
  'refuse a hand-over': [2, refuseHandOver],
  'use a NACK': [4, useNack],
  grant: [4, grant],
  renew: [8, renew],
  'keep a backup': [5, keep],
  'put a backup back': [2, restore],
  'lose a store': [1, lose],
  release: [6, letGo],
  provision: [4, provisionAnew],
};

const step = fc.tuple(
  fc.oneof(
    ...Object.entries(ACTS).map(([name, [weight]]) => ({ weight, arbitrary: fc.constant(name) })),
  ),
  fc.constantFrom('us' as const, 'ie' as const),
  fc.nat(29),
  fc.integer({ min: -1, max: 1 }),
);

/** Acts that a run of this length has to reach, or it would prove nothing. */
const REACHED = [
  ...['sign', 'seal', 'freeze', 'certificate', 'burn', 'nack', 'grant', 'renew'],
  ...['release', 'provision', 'caught'],
];

test.each([
  ['block', 'tz1', PKH],
  ['preattestation', 'tz1', PKH],
  ['attestation', 'tz1', PKH],
  ['attestation', 'tz4', TZ4],
] as const)(
  'whatever becomes of two stores of one %s row of a %s key, no place gets two payloads',
  (kind, _address, pkh) => {
    const done: World['done'] = new Map();
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), steps => {
        const world = newWorld(keyOf(kind, pkh), done);
        for (const [name, site, pick, up] of steps) {
          ACTS[name]?.[1](world, world.sites[site], pick, up);
        }
        for (const digests of world.vault.values()) {
          expect(new Set(digests).size).toBe(1);
          if (kind === 'block') expect(digests).toHaveLength(1);
        }
        if (kind !== 'block') return;
        for (const signatures of world.released.values()) expect(signatures.size).toBe(1);
      }),
      { numRuns: 500 },
    );
    for (const act of REACHED) expect([act, done.get(act) ?? 0]).not.toEqual([act, 0]);
  },
);
