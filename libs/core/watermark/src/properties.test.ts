import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AUTHORITIES, burn, extendLease, freeze, latch } from './administration.ts';
import { raise, release, takeOver, type Authority } from './administration.ts';
import { activeRow, at, request, type Wish } from './fixtures.ts';
import { advance, comparePositions, KINDS, mayWrite, NO_MAX_LEVEL, seal } from './index.ts';
import type { Holder, Kind, Row, SignRequest } from './index.ts';

/** One row whose operators do what they like: authorities without ground, floors at random, late signatures. */

/** A small universe, so that collisions are the rule. */
const position = fc
  .tuple(fc.integer({ min: 98, max: 103 }), fc.nat(2))
  .map(([level, round]) => at(level, round));
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
  generation: fc.integer({ min: 1, max: 3 }),
});
const maxLevel = fc.constantFrom(NO_MAX_LEVEL, 101, 102, 103);

/** What is done to a row: the row that is to be written, or nothing. */
type Act = (world: World) => Row | undefined;
type World = {
  readonly kind: Kind;
  row: Row;
  last: SignRequest | undefined;
  /** For each level and round the payloads that a vault was asked to sign. */
  readonly vault: Map<string, string[]>;
  /** For each level and round the signatures of a block that left. */
  readonly released: Map<string, Set<string>>;
};

const changed = (outcome: ReturnType<typeof raise>) => (outcome.ok ? outcome.value : undefined);
const placeOf = ({ level, round }: SignRequest) => `${level.toString()}/${round.toString()}`;

function leaves(world: World, asked: SignRequest, signature: string): void {
  const place = placeOf(asked);
  world.released.set(place, (world.released.get(place) ?? new Set()).add(signature));
}

const acts = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(wish, holder, fc.boolean())
      .map(([{ at: place, ...rest }, by, isHolder]): Act => world => {
        const { kind, row: before } = world;
        const asked = request({ kind, ...place, ...rest } satisfies Wish, isHolder ? before : by);
        const outcome = advance(before, asked);
        if (!outcome.ok) return undefined;
        const { site, epoch, incarnation, generation } = asked;
        expect(before).toMatchObject({ mode: 'active', site, epoch, incarnation, generation });
        expect(asked.level).toBeLessThan(before.maxLevel);
        world.last = asked;
        const { row, signature } = outcome.value;
        if (signature === null) {
          const earlier = world.vault.get(placeOf(asked)) ?? [];
          world.vault.set(placeOf(asked), [...earlier, asked.digest]);
        } else leaves(world, asked, signature);
        return row;
      }),
  },
  fc.constantFrom('s1', 's2').map((signature): Act => world => {
    if (world.last === undefined) return undefined;
    const next = changedBySeal(world.row, world.last, signature);
    if (next !== undefined) leaves(world, world.last, signature);
    return next;
  }),
  fc.tuple(position, fc.constantFrom('set' as const, 'imported' as const)).map(
    ([floor, origin]): Act =>
      ({ row }) =>
        changed(raise(row, floor, origin)),
  ),
  fc.tuple(holder, fc.integer({ min: 1, max: 4 })).map(
    ([by, epoch]): Act =>
      ({ row }) =>
        changed(freeze(row, by, epoch)),
  ),
  fc.tuple(holder, maxLevel).map(
    ([by, end]): Act =>
      ({ row }) =>
        changed(extendLease(row, by, end)),
  ),
  fc.integer({ min: 1, max: 4 }).map(
    (epoch): Act =>
      ({ row }) =>
        changed(burn(row, epoch)),
  ),
  fc.constant<Act>(({ row }) => latch(row)),
  fc.tuple(position, fc.constantFrom('first', 'second', 'third')).map(
    ([floor, incarnation]): Act =>
      ({ row }) =>
        changed(release(row, { floor, incarnation, horizonEnd: 100 })),
  ),
  fc
    .tuple(
      fc.constantFrom(...(Object.keys(AUTHORITIES) as Authority['by'][])),
      ...([holder, maxLevel, position, fc.integer({ min: 1, max: 4 })] as const),
    )
    .map(([by, to, end, floor, burntEpoch]): Act => ({ row }) => {
      const { incarnation, generation } = row;
      const given = { ...to, by, incarnation, generation, maxLevel: end, floor, burntEpoch };
      const next = changed(takeOver(row, given));
      if (next !== row && next !== undefined) expect(next.epoch).toBeGreaterThan(row.burntEpoch);
      return next;
    }),
);

function changedBySeal(row: Row, asked: SignRequest, signature: string): Row | undefined {
  const outcome = seal(row, asked, signature);
  return outcome.ok ? outcome.value : undefined;
}

/** What holds between a row and the next one, whatever was done. */
function checkStep(before: Row, next: Row): void {
  expect(mayWrite(before, next)).toBe(true);
  expect(comparePositions(before, next)).toBeLessThanOrEqual(0);
  expect(next.epoch).toBeGreaterThanOrEqual(before.epoch);
  expect(next.burntEpoch).toBeGreaterThanOrEqual(before.burntEpoch);
  expect(next.generation).toBeGreaterThanOrEqual(before.generation);
  expect(next.mode === 'latched').toBe(next.latchedFrom !== null);
  if (next.mode === 'active' && before.mode !== 'active') {
    const handed = before.handedEpoch ?? before.epoch + 1;
    expect(next.epoch).toBeGreaterThanOrEqual(
      next.site === before.site ? before.epoch + 1 : handed,
    );
    if (next.site === before.site) expect(next.epoch).not.toBe(before.handedEpoch);
    expect(before.mode).not.toBe('latched');
  }
  if (before.mode === 'latched' && next.mode !== 'latched') {
    expect(next.generation).toBe(before.generation + 1);
    expect(next.mode).toBe(before.latchedFrom === 'frozen' ? 'frozen' : 'standby');
  }
}

test.each(KINDS)(
  'whatever is asked of a %s row, no place gets two payloads and no mark falls',
  kind => {
    fc.assert(
      fc.property(fc.array(acts, { minLength: 1, maxLength: 60 }), all => {
        const row = activeRow(kind);
        const world: World = { kind, row, last: undefined, vault: new Map(), released: new Map() };
        for (const act of all) {
          const before = world.row;
          const next = act(world) ?? before;
          if (next !== before) checkStep(before, next);
          world.row = next;
        }
        for (const digests of world.vault.values()) {
          expect(new Set(digests).size).toBe(1);
          if (kind === 'block') expect(digests).toHaveLength(1);
        }
        if (kind !== 'block') return;
        for (const signatures of world.released.values()) expect(signatures.size).toBe(1);
      }),
      { numRuns: 1_500 },
    );
  },
);
