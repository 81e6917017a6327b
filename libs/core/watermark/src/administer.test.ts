import { describe, expect, test } from 'vitest';
import { extendLease, freeze, provision, raise } from './administration.ts';
import { activeRow, at, freshRow, granted, HOLDER, keyOf, request } from './fixtures.ts';
import { advance, HISTORIES, mayWrite, MODES, NO_MAX_LEVEL } from './index.ts';
import type { Mode, Position, Row } from './index.ts';

const refused = (error: string) => ({ ok: false, error });
const inMode = (mode: Mode): Row => ({ ...activeRow('attestation'), mode });
/** A position as it may come out of JSON, of which nothing is known. */
const loose = (level: number, round: number) => ({ level, round }) as Position;

const BAD_FLOORS = [
  ['a level that is no number', loose(Number.NaN, 0)],
  ['a level below zero', loose(-1, 0)],
  ['a level beyond the last', loose(2 ** 31, 0)],
  ['a round with a fraction', loose(100, 0.5)],
  ['a round beyond the last', loose(100, 2 ** 31)],
] as const;

describe('provisioning', () => {
  test('a new row stands by, with nothing signed', () => {
    const row = provision(undefined, keyOf('block'), HOLDER, at(7, 1), 'new');
    const nothing = { digest: null, bytes: null, signature: null, latchedFrom: null };
    const place = { level: 7, round: 1, seq: 0, maxLevel: NO_MAX_LEVEL };
    expect(row).toMatchObject({ value: { ...place, ...nothing, mode: 'standby' } });
  });

  test.each(HISTORIES)('a new row has the history that it is given: %s', history => {
    const row = granted(provision(undefined, keyOf('block'), HOLDER, at(7), history));
    expect(row.history).toBe(history);
  });

  test.each(MODES)('a row in mode %s is never provisioned over', mode => {
    const outcome = provision(inMode(mode), keyOf('attestation'), HOLDER, at(500), 'new');
    expect(outcome).toEqual(refused('already_provisioned'));
  });

  test.each(BAD_FLOORS)('a floor with %s is refused', (_name, floor) => {
    const outcome = provision(undefined, keyOf('block'), HOLDER, floor, 'new');
    expect(outcome).toEqual(refused('bad_floor'));
  });

  test.each([
    { epoch: Number.NaN },
    { epoch: -1 },
    { generation: 0.5 },
    { generation: -1 },
    { site: '' },
    { incarnation: '' },
  ])('the holder with %o is refused', part => {
    const outcome = provision(undefined, keyOf('block'), { ...HOLDER, ...part }, at(7), 'new');
    expect(outcome).toEqual(refused('bad_holder'));
  });
});

describe('raising', () => {
  test('a floor only rises', () => {
    const row = activeRow('attestation');
    expect(raise(row, at(98, 5), 'set')).toEqual(refused('would_lower_mark'));
    expect(raise(row, at(99, 1), 'set')).toMatchObject({ value: { level: 99, round: 1 } });
  });

  test('a floor at what was signed is refused, since it would forget the digest', () => {
    const signed = granted(
      advance(activeRow('attestation'), request({ kind: 'attestation', level: 100 })),
    );
    expect(raise(signed.row, at(100), 'set')).toEqual(refused('would_lower_mark'));
  });

  test('the same floor again gives the very row back', () => {
    const row = granted(raise(activeRow('attestation'), at(200), 'set'));
    expect(granted(raise(row, at(200), 'set'))).toBe(row);
  });

  test('an imported floor below the mark leaves the mark, and the row was used from then on', () => {
    const row = freshRow('attestation');
    const imported = granted(raise(row, at(50), 'imported'));
    expect(imported).toEqual({ ...row, history: 'known', seq: row.seq + 1 });
    expect(granted(raise(imported, at(50), 'imported'))).toBe(imported);
  });

  test('an imported floor above the mark raises it, a set one leaves the row unused', () => {
    const imported = granted(raise(freshRow('block'), at(200), 'imported'));
    expect(imported).toMatchObject({ level: 200, history: 'known' });
    expect(granted(raise(freshRow('block'), at(200), 'set')).history).toBe('new');
  });

  test('an import does not clear the doubt about a released row', () => {
    const row: Row = { ...freshRow('block'), history: 'doubtful' };
    expect(granted(raise(row, at(200), 'imported')).history).toBe('doubtful');
  });

  test.each(MODES)('raising leaves the mode %s as it is', mode => {
    expect(raise(inMode(mode), at(100), 'set')).toMatchObject({ value: { mode } });
  });

  test.each(BAD_FLOORS)('a floor with %s is refused', (_name, floor) => {
    expect(raise(activeRow('block'), floor, 'set')).toEqual(refused('bad_floor'));
  });
});

describe('extending a lease', () => {
  const leased = activeRow('attestation', 102);

  test('the holder goes on under the same epoch', () => {
    const row = granted(extendLease(leased, HOLDER, 104));
    expect(row).toEqual({ ...leased, maxLevel: 104, seq: leased.seq + 1 });
    expect(advance(row, request({ kind: 'attestation', level: 103 })).ok).toBe(true);
  });

  test.each([102, 101, 0, -1])('a lease that ends at 102 never shrinks to %i', maxLevel => {
    expect(granted(extendLease(leased, HOLDER, maxLevel))).toBe(leased);
  });

  test.each([Number.NaN, 104.5, Number.POSITIVE_INFINITY])('the end %s is refused', maxLevel => {
    expect(extendLease(leased, HOLDER, maxLevel)).toEqual(refused('bad_lease_end'));
  });

  test('a lease is never lifted by extending it', () => {
    expect(extendLease(leased, HOLDER, NO_MAX_LEVEL)).toEqual(refused('bad_lease_end'));
  });

  test.each([{ site: 'ie' }, { epoch: 2 }, { incarnation: 'second' }, { generation: 2 }])(
    'another holder, by %o, does not extend it',
    other => {
      const outcome = extendLease(leased, { ...HOLDER, ...other }, 104);
      expect(outcome).toEqual(refused('not_the_holder'));
    },
  );

  test.each(MODES.filter(mode => mode !== 'active'))('nothing is extended in mode %s', mode => {
    expect(extendLease({ ...leased, mode }, HOLDER, 104)).toEqual(refused('wrong_mode'));
  });
});

describe('freezing', () => {
  const row = activeRow('attestation');

  test('the holder hands its row over under a later epoch, once', () => {
    const frozen = granted(freeze(row, HOLDER, 2));
    expect(frozen).toMatchObject({ mode: 'frozen', handedEpoch: 2, epoch: 1 });
    expect(granted(freeze(frozen, HOLDER, 2))).toBe(frozen);
    expect(freeze(frozen, HOLDER, 3)).toEqual(refused('wrong_mode'));
  });

  test.each([{ site: 'ie' }, { epoch: 2 }, { incarnation: 'second' }, { generation: 2 }])(
    'another holder, by %o, does not freeze it',
    other => {
      expect(freeze(row, { ...HOLDER, ...other }, 3)).toEqual(refused('not_the_holder'));
    },
  );

  test.each([1, 0, 1.5, Number.NaN])('the epoch %s is not handed out', epoch => {
    expect(freeze(row, HOLDER, epoch)).toEqual(refused('stale_epoch'));
  });

  test.each(['standby', 'latched'] as const)('nothing is frozen in mode %s', mode => {
    expect(freeze(inMode(mode), HOLDER, 2)).toEqual(refused('wrong_mode'));
  });
});

test('a row is written only over the one that it was computed from, a new one where none is', () => {
  const [fresh, active] = [freshRow('block'), activeRow('block')];
  expect(mayWrite(undefined, fresh)).toBe(true);
  expect(mayWrite(fresh, fresh)).toBe(false);
  expect(mayWrite(fresh, active)).toBe(true);
  expect(mayWrite(undefined, active)).toBe(false);
  expect(mayWrite(granted(raise(active, at(200), 'set')), active)).toBe(false);
});
