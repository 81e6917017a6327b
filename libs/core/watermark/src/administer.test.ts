import { describe, expect, test } from 'vitest';
import { level, round } from '@meridian/tezos';
import { activeRow, HOLDER, request } from './fixtures.ts';
import { AUTHORITIES, advance, freeze, latch, MODES, NO_MAX_LEVEL } from './index.ts';
import { provision, raise, release, takeOver } from './index.ts';
import type { Authority, Mode, Row } from './index.ts';

const at = (levelNumber: number, roundNumber = 0) => ({
  level: level(levelNumber),
  round: round(roundNumber),
});
const inMode = (mode: Mode): Row => ({ ...activeRow('attestation'), mode });
const authority = (by: Authority['by']): Authority => ({
  by,
  // The word of a target gives a row back to its own site.
  site: by === 'nack' ? HOLDER.site : 'ie',
  epoch: 2,
  maxLevel: NO_MAX_LEVEL,
  floor: at(0),
});

describe('taking a row over', () => {
  /** Written out once more, so that a change of the table is a change of this list too. */
  const allowed: readonly (readonly [Authority['by'], Mode])[] = [
    ['certificate', 'standby'],
    ['certificate', 'frozen'],
    ['grant', 'standby'],
    ['grant', 'frozen'],
    ['grant', 'active'],
    ['break_glass', 'standby'],
    ['break_glass', 'frozen'],
    ['break_glass', 'active'],
    ['nack', 'frozen'],
    ['first_use', 'standby'],
  ];
  const pairs = MODES.flatMap(mode =>
    (Object.keys(AUTHORITIES) as Authority['by'][]).map(by => [by, mode] as const),
  );

  test.each(pairs)('%s from %s is allowed only where the list says so', (by, mode) => {
    const listed = allowed.some(([each, from]) => each === by && from === mode);
    expect(takeOver(inMode(mode), authority(by)).ok).toBe(listed);
  });

  test('nothing but a release leads out of latched', () => {
    for (const modes of Object.values<readonly Mode[]>(AUTHORITIES)) {
      expect(modes).not.toContain('latched');
    }
  });

  test('an epoch that is not later is refused', () => {
    const outcome = takeOver(inMode('standby'), { ...authority('certificate'), epoch: 1 });
    expect(outcome).toEqual({ ok: false, error: 'stale_epoch' });
  });

  test.each([Number.NaN, 1, 0, 1.5, Number.POSITIVE_INFINITY])('the epoch %s is refused', epoch => {
    const outcome = takeOver(inMode('standby'), { ...authority('certificate'), epoch });
    expect(outcome).toEqual({ ok: false, error: 'stale_epoch' });
  });

  test.each([Number.NaN, 100.5, NO_MAX_LEVEL + 1, Number.POSITIVE_INFINITY])(
    'the lease end %s is refused',
    maxLevel => {
      const outcome = takeOver(inMode('standby'), { ...authority('grant'), maxLevel });
      expect(outcome).toEqual({ ok: false, error: 'bad_lease_end' });
    },
  );

  test('the word of a target gives the row back to its own site only', () => {
    const outcome = takeOver(inMode('frozen'), { ...authority('nack'), site: 'ie' });
    expect(outcome).toEqual({ ok: false, error: 'other_site' });
  });

  test('a site that knows less starts above the floor that comes with the right', () => {
    const outcome = takeOver(inMode('standby'), { ...authority('grant'), floor: at(102, 1) });
    const row = outcome.ok ? outcome.value : undefined;
    const holder = { ...HOLDER, site: 'ie', epoch: 2 };
    const wish = { kind: 'attestation', level: 102, round: 1 } as const;
    expect(advance(row, request(wish, holder))).toMatchObject({ error: { code: 'below_mark' } });
    expect(advance(row, request({ ...wish, round: 2 }, holder)).ok).toBe(true);
  });

  test('the site that held the row is fenced', () => {
    const outcome = takeOver(activeRow('attestation'), authority('grant'));
    const row = outcome.ok ? outcome.value : undefined;
    const late = advance(row, request({ kind: 'attestation', level: 100 }));
    expect(late).toMatchObject({ error: { code: 'fenced' } });
  });

  test('the mark survives', () => {
    const outcome = takeOver({ ...activeRow('block'), ...at(500, 3) }, authority('grant'));
    expect(outcome.ok && outcome.value).toMatchObject({ level: 500, round: 3, mode: 'active' });
  });
});

describe('provisioning and raising', () => {
  test('a new row stands by, with nothing signed', () => {
    const row = provision(activeRow('block'), HOLDER, at(7, 1));
    expect(row).toMatchObject({ mode: 'standby', level: 7, round: 1, digest: null, seq: 0 });
  });

  test('a floor only rises', () => {
    const row = activeRow('attestation');
    expect(raise(row, at(99))).toEqual({ ok: false, error: 'would_lower_mark' });
    expect(raise(row, at(98, 5))).toEqual({ ok: false, error: 'would_lower_mark' });
    expect(raise(row, at(99, 1))).toMatchObject({ value: { level: 99, round: 1 } });
  });

  test.each(MODES)('raising leaves the mode %s as it is', mode => {
    expect(raise(inMode(mode), at(100))).toMatchObject({ value: { mode } });
  });
});

describe('freezing, latching and releasing', () => {
  test('only the holder freezes, and only what is active', () => {
    const row = activeRow('attestation');
    expect(freeze(row, HOLDER)).toMatchObject({ value: { mode: 'frozen' } });
    expect(freeze(row, { ...HOLDER, epoch: 2 })).toEqual({ ok: false, error: 'not_the_holder' });
    expect(freeze(row, { ...HOLDER, site: 'ie' })).toEqual({ ok: false, error: 'not_the_holder' });
    const stranger = { ...HOLDER, incarnation: 'second' };
    expect(freeze(row, stranger)).toEqual({ ok: false, error: 'not_the_holder' });
    expect(freeze(inMode('standby'), HOLDER)).toEqual({ ok: false, error: 'wrong_mode' });
  });

  test.each(MODES)('a row in mode %s can be latched', mode => {
    expect(latch(inMode(mode)).mode).toBe('latched');
  });

  test('a release raises the floor by a level at least, and mints a new incarnation', () => {
    const row = latch(activeRow('attestation'));
    expect(release(row, at(99, 9), 'second')).toEqual({ ok: false, error: 'would_lower_mark' });
    expect(release(row, at(100), 'first')).toEqual({ ok: false, error: 'same_incarnation' });
    expect(release(row, at(100), 'second')).toMatchObject({
      value: { mode: 'standby', level: 100, incarnation: 'second' },
    });
    expect(release(activeRow('attestation'), at(100), 'second')).toEqual({
      ok: false,
      error: 'wrong_mode',
    });
  });
});
