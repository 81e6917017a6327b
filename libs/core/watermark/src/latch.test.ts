import { describe, expect, test } from 'vitest';
import { freeze, latch, latchKey, release, releaseKey, takeOver } from './administration.ts';
import type { Release } from './administration.ts';
import { activeRow, at, authority, freshRow, granted, HOLDER, keyOf, request } from './fixtures.ts';
import { advance, KINDS, MODES } from './index.ts';
import type { Position, Row } from './index.ts';

const refused = (error: string) => ({ ok: false, error });
const RELEASE: Release = { floor: at(120), horizonEnd: 120, incarnation: 'second' };
const frozen = granted(freeze(activeRow('attestation'), HOLDER, 2));

describe('latching', () => {
  test.each(MODES)('a row in mode %s can be latched, and again', mode => {
    const latched = latch({ ...activeRow('attestation'), mode });
    expect(latched.mode).toBe('latched');
    expect(latch(latched)).toBe(latched);
  });

  test('all rows of a key are latched together', () => {
    const rows = KINDS.map(kind => activeRow(kind));
    expect(latchKey(rows).map(({ mode, kind }) => [mode, kind])).toEqual(
      KINDS.map(kind => ['latched', kind]),
    );
  });
});

describe('what a release gives back', () => {
  test.each([
    ['standby', freshRow('attestation')],
    ['active', activeRow('attestation')],
  ])('a row that was %s stands by', (_mode, row) => {
    expect(granted(release(latch(row), RELEASE))).toMatchObject({
      ...{ mode: 'standby', latchedFrom: null, history: 'doubtful' },
      ...{ level: 120, round: 0, digest: null, incarnation: 'second', generation: 2 },
    });
  });

  test('a frozen row stays handed over, so that no first use and no NACK wakes it', () => {
    const released = granted(release(latch(frozen), RELEASE));
    expect(released).toMatchObject({ mode: 'frozen', latchedFrom: null, handedEpoch: 2 });
    const now = { incarnation: 'second', generation: 2, epoch: 3 };
    const first = authority('first_use', { ...now, site: 'us' });
    expect(takeOver(released, first)).toEqual(refused('wrong_mode'));
    const nack = authority('nack', { ...now, burntEpoch: 2 });
    expect(takeOver(released, nack)).toEqual(refused('wrong_history'));
  });

  test('a released row is no new one, though it was never in use', () => {
    const released = granted(release(latch(freshRow('block')), RELEASE));
    const first = authority('first_use', { incarnation: 'second', generation: 2 });
    expect(takeOver(released, first)).toEqual(refused('wrong_history'));
  });

  test('an incarnation that comes back is another one all the same', () => {
    const second = granted(release(latch(activeRow('attestation')), RELEASE));
    const third = granted(
      release(latch(second), { floor: at(130), horizonEnd: 130, incarnation: 'first' }),
    );
    const now = { incarnation: 'first', generation: 3 };
    const row = granted(takeOver(third, authority('grant', { ...now, site: 'us', epoch: 2 })));
    const wish = { kind: 'attestation', level: 140 } as const;
    const stale = advance(row, request(wish, { ...HOLDER, epoch: 2 }));
    expect(stale).toMatchObject({ error: { code: 'superseded' } });
    expect(advance(row, request(wish, { ...HOLDER, ...now, epoch: 2 })).ok).toBe(true);
  });

  test('counts go on from what the signer knows, where the store has forgotten', () => {
    const row = latch(activeRow('attestation'));
    const known = { ...row, generation: 4, epoch: 7, burntEpoch: 8, handedEpoch: 9 };
    const other = { ...known, kind: 'block', generation: 99, epoch: 99 } as const;
    const released = granted(release(row, { ...RELEASE, known: [other, known] }));
    expect(released).toMatchObject({ generation: 5, epoch: 7, burntEpoch: 8, handedEpoch: 9 });
    const plain = granted(release(row, RELEASE));
    expect(plain).toMatchObject({ generation: row.generation + 1, epoch: row.epoch });
    expect(plain.handedEpoch).toBeNull();
    const behind = { ...known, generation: 0, epoch: 0, burntEpoch: 0, handedEpoch: null };
    expect(granted(release(row, { ...RELEASE, known: [behind] }))).toEqual(plain);
  });

  test('only a latched row is released', () => {
    expect(release(activeRow('attestation'), RELEASE)).toEqual(refused('wrong_mode'));
    expect(release(frozen, RELEASE)).toEqual(refused('wrong_mode'));
  });

  test('the same release again gives the very row back', () => {
    for (const row of [activeRow('attestation'), frozen]) {
      const released = granted(release(latch(row), RELEASE));
      expect(granted(release(released, RELEASE))).toBe(released);
      const higher = { ...RELEASE, floor: at(121) };
      expect(release(released, higher)).toEqual(refused('wrong_mode'));
    }
  });

  test('a row that was never released does not pass for one that was', () => {
    const standby: Row = { ...freshRow('block'), ...at(120), incarnation: 'second' };
    expect(release(standby, RELEASE)).toEqual(refused('wrong_mode'));
  });
});

describe('the floor of a release', () => {
  const latched = latch(activeRow('attestation'));
  const leased = latch(activeRow('attestation', 124));

  test('it is above the mark, by a level at least', () => {
    const early = { ...RELEASE, horizonEnd: 0 };
    expect(release(latched, { ...early, floor: at(99, 9) })).toEqual(refused('would_lower_mark'));
    expect(release(latched, { ...early, floor: at(100) }).ok).toBe(true);
  });

  test('it is above all that the chain can have reached', () => {
    expect(release(latched, { ...RELEASE, floor: at(119, 9) })).toEqual(refused('floor_too_low'));
    expect(release(latched, { ...RELEASE, floor: at(120) }).ok).toBe(true);
  });

  test('it is above all that a lease allowed, and of the horizon too', () => {
    expect(release(leased, { ...RELEASE, floor: at(123, 9) })).toEqual(refused('floor_too_low'));
    expect(release(leased, { ...RELEASE, floor: at(124) }).ok).toBe(true);
    const late = { ...RELEASE, horizonEnd: 130 };
    expect(release(leased, { ...late, floor: at(129) })).toEqual(refused('floor_too_low'));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('the horizon end %s is never met', end => {
    expect(release(latched, { ...RELEASE, horizonEnd: end })).toEqual(refused('floor_too_low'));
  });

  test('a lease end that is no number is never met', () => {
    const broken = { ...latched, maxLevel: Number.NaN };
    expect(release(broken, RELEASE)).toEqual(refused('floor_too_low'));
  });

  test('it is a position', () => {
    const floor = { level: 2 ** 31, round: 0 } as Position;
    expect(release(latched, { ...RELEASE, floor })).toEqual(refused('bad_floor'));
  });

  test.each([
    ['first', 'same_incarnation'],
    ['', 'bad_holder'],
  ])('the incarnation %o is refused', (incarnation, code) => {
    expect(release(latched, { ...RELEASE, incarnation })).toEqual(refused(code));
  });
});

describe('releasing a key', () => {
  const rows = latchKey(KINDS.map(kind => activeRow(kind)));

  test('every row gets the floor and the incarnation', () => {
    const released = granted(releaseKey(rows, RELEASE));
    expect(released).toHaveLength(KINDS.length);
    for (const row of released) {
      expect(row).toMatchObject({ mode: 'standby', level: 120, incarnation: 'second' });
    }
  });

  test('a floor that is too low for one row releases none', () => {
    const higher = rows.map(row => (row.kind === 'preattestation' ? { ...row, ...at(120) } : row));
    expect(releaseKey(higher, RELEASE)).toEqual(refused('would_lower_mark'));
  });

  test('a row that is not latched releases none', () => {
    expect(releaseKey([...rows.slice(1), activeRow('block')], RELEASE)).toEqual(
      refused('wrong_mode'),
    );
  });

  test('half a release is finished by the same one', () => {
    const [first, ...others] = rows;
    if (first === undefined) throw new Error('a key has rows');
    const half = granted(release(first, RELEASE));
    expect(granted(releaseKey([half, ...others], RELEASE))[0]).toBe(half);
  });

  test('rows of two keys, one kind twice or no row at all are a mistake of the caller', () => {
    const other = { ...activeRow('block'), chainId: 'NetXother' as Row['chainId'] };
    expect(() => latchKey([activeRow('attestation'), other])).toThrow(/one chain and key/);
    expect(() => latchKey([activeRow('block'), activeRow('block')])).toThrow(/each kind/);
    expect(() => releaseKey([], RELEASE)).toThrow(/has a row/);
    expect(keyOf('block').chainId).not.toBe(other.chainId);
  });
});
