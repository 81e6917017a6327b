import fc from 'fast-check';
import { expect, test } from 'vitest';
import { level, round } from '@meridian/tezos';
import { activeRow, request, type Wish } from './fixtures.ts';
import { advance, AUTHORITIES, comparePositions, freeze, KINDS, latch } from './index.ts';
import { NO_MAX_LEVEL, raise, release, seal, takeOver } from './index.ts';
import type { Authority, Holder, Row } from './index.ts';

/** A small universe, so that collisions are the rule. */
const position = fc.record({ level: fc.integer({ min: 98, max: 103 }), round: fc.nat(2) });
const wish = fc.record({
  at: position,
  payload: fc.constantFrom('A', 'B'),
  branch: fc.constantFrom('P', 'Q'),
  slot: fc.constantFrom(3, 4),
});
const holder = fc.record<Holder>({
  site: fc.constantFrom('us', 'ie'),
  epoch: fc.integer({ min: 1, max: 3 }),
  incarnation: fc.constantFrom('first', 'second'),
});
const act = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('sign' as const), wish, holder }) },
  fc.record({ kind: fc.constant('seal-late' as const), signature: fc.constantFrom('s1', 's2') }),
  fc.record({ kind: fc.constant('raise' as const), at: position }),
  fc.record({ kind: fc.constant('freeze' as const), holder }),
  fc.record({ kind: fc.constant('latch' as const) }),
  fc.record({ kind: fc.constant('release' as const), at: position }),
  fc.record({
    kind: fc.constant('take-over' as const),
    by: fc.constantFrom(...(Object.keys(AUTHORITIES) as Authority['by'][])),
    holder,
    maxLevel: fc.constantFrom(NO_MAX_LEVEL, 101, 102),
    floor: position,
  }),
);

type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

/** What the world has seen: for each level and round the payloads that a vault was asked to sign. */
type World = {
  row: Row;
  last: { asked: ReturnType<typeof request>; digest: string } | undefined;
  readonly vault: Map<string, string[]>;
};

function perform(world: World, kind: Row['kind'], done: Act): void {
  const positionOf = (at: { level: number; round: number }) => ({
    level: level(at.level),
    round: round(at.round),
  });
  switch (done.kind) {
    case 'sign': {
      const { at, ...rest } = done.wish;
      const asked = request({ kind, ...at, ...rest } satisfies Wish, done.holder);
      const before = world.row;
      const outcome = advance(before, asked);
      if (!outcome.ok) return;
      expect(before.mode).toBe('active');
      expect(before).toMatchObject(done.holder);
      expect(asked.level).toBeLessThan(before.maxLevel);
      world.row = outcome.value.row;
      world.last = { asked, digest: asked.digest };
      if (outcome.value.signature !== null) return;
      const place = `${at.level.toString()}/${at.round.toString()}`;
      world.vault.set(place, [...(world.vault.get(place) ?? []), asked.digest]);
      return;
    }
    case 'seal-late': {
      if (world.last === undefined) return;
      const outcome = seal(world.row, world.last.asked, done.signature);
      if (outcome.ok) world.row = outcome.value;
      return;
    }
    case 'raise': {
      const outcome = raise(world.row, positionOf(done.at));
      if (outcome.ok) world.row = outcome.value;
      return;
    }
    case 'freeze': {
      const outcome = freeze(world.row, done.holder);
      if (outcome.ok) world.row = outcome.value;
      return;
    }
    case 'latch':
      world.row = latch(world.row);
      return;
    case 'release': {
      const outcome = release(world.row, positionOf(done.at), 'second');
      if (outcome.ok) world.row = outcome.value;
      return;
    }
    case 'take-over': {
      const { site, epoch } = done.holder;
      const outcome = takeOver(world.row, {
        by: done.by,
        site,
        epoch,
        maxLevel: done.maxLevel,
        floor: positionOf(done.floor),
      });
      if (outcome.ok) world.row = outcome.value;
      return;
    }
  }
}

test.each(KINDS)(
  'whatever is asked of a %s row, no place gets two payloads and no mark falls',
  kind => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 1, maxLength: 60 }), acts => {
        const world: World = { row: activeRow(kind), last: undefined, vault: new Map() };
        for (const each of acts) {
          const before = world.row;
          perform(world, kind, each);
          expect(comparePositions(before, world.row)).toBeLessThanOrEqual(0);
          if (world.row !== before) expect(world.row.seq).toBe(before.seq + 1);
          if (world.row.mode === 'active' && before.mode !== 'active') {
            expect(each.kind).toBe('take-over');
          }
        }
        for (const digests of world.vault.values()) {
          expect(new Set(digests).size).toBe(1);
          if (kind === 'block') expect(digests).toHaveLength(1);
        }
      }),
      { numRuns: 1_500 },
    );
  },
);
